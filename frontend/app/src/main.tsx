// The page begins here.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { login } from "./api.ts";
import { Home } from "./home/Home.tsx";
import { t } from "./i18n/index.ts";
import { CasePage } from "./panel/CasePage.tsx";
import { followAddress, locked, notice, route, say } from "./state/app.ts";
import "./style.css";

const SHOWN_MS = 6000;
/** Longer words stay until they can have been read. */
const MS_A_LETTER = 60;

function App() {
  if (locked.value) return <Login />;
  return (
    <>
      {route.value === "" ? <Home /> : <CasePage key={route.value} name={route.value} />}
      <Notice />
    </>
  );
}

function Notice() {
  const now = notice.value;
  useEffect(() => {
    if (now === null || now.bad) return;
    const timer = window.setTimeout(() => (notice.value = null), Math.max(SHOWN_MS, now.text.length * MS_A_LETTER));
    return () => window.clearTimeout(timer);
  }, [now]);
  return (
    <div class="notices" role={now?.bad ? "alert" : "status"}>
      {now !== null && (
        <p class={now.bad ? "bad" : ""} data-testid="notice">
          {now.text}
          <button type="button" class="quiet" aria-label={t("close")} onClick={() => (notice.value = null)}>✕</button>
        </p>
      )}
    </div>
  );
}

function Login() {
  const [token, setToken] = useState("");
  return (
    <main class="login">
      <h1>{t("login")}</h1>
      <p>{t("loginWhy")}</p>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void enter(token);
        }}
      >
        <label>
          {t("token")} <input type="password" value={token} onInput={(event) => setToken(event.currentTarget.value)} />
        </label>
        <button type="submit" class="main">{t("enter")}</button>
      </form>
      <Notice />
    </main>
  );
}

async function enter(token: string): Promise<void> {
  try {
    await login(token);
    locked.value = false;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), true);
  }
}

const given = /^#token=(.+)$/.exec(location.hash)?.[1];
if (given !== undefined) {
  history.replaceState(null, "", "#/");
  await enter(decodeURIComponent(given));
}
followAddress();
render(<App />, document.getElementById("app")!);
