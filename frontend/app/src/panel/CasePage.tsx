// One case: the views, the tools, the work.
import { signal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Hand } from "../draw/hand.ts";
import { number, t } from "../i18n/index.ts";
import { CaseStore } from "../state/case.ts";
import { takeFiles } from "../state/seeds.ts";
import { keys } from "../state/keys.ts";
import { Axial } from "../view/Axial.tsx";
import { Frame } from "../view/Frame.tsx";
import { GreySlices } from "../view/grey.ts";
import { Long } from "../view/Long.tsx";
import { Strip } from "../view/Strip.tsx";
import { ThreeD } from "../view/ThreeD.tsx";
import { Header } from "./Header.tsx";
import { KeyHelp } from "./KeyHelp.tsx";
import { Muscles } from "./Muscles.tsx";
import { Export } from "./Export.tsx";
import { Quality } from "./Quality.tsx";
import { Recording } from "./Recording.tsx";
import { Sign } from "./Sign.tsx";
import { Tools } from "./Tools.tsx";
import { Work } from "./Work.tsx";

const AHEAD = 6;

export function CasePage({ name }: { name: string }) {
  const store = useMemo(() => new CaseStore(name), [name]);
  useEffect(() => () => store.close(), [store]);
  if (store.state.value === null) return <p class="loading" role="status">{t("loading")}</p>;
  return <Opened key={`${name} ${store.state.value.volume}`} store={store} />;
}

function Opened({ store }: { store: CaseStore }) {
  const [dialog, open] = useState<"" | "keys" | "sign" | "export" | "quality">("");
  const came = useMemo(() => signal(0), []);
  const grey = useMemo(() => {
    const { volume, shape } = store.state.value!;
    return new GreySlices(store.name, volume, shape, () => came.value++);
  }, [store]);
  const hand = useMemo(() => new Hand(store, () => grey.get("z", store.z.value)), [store, grey]);
  useEffect(() => keys({ store, hand, help: () => open("keys") }), [store, hand]);
  const z = store.z.value;
  useEffect(() => {
    hand.abandon();
    grey.expect(Array.from({ length: 2 * AHEAD }, (_, at) => ["z", z + (at % 2 === 0 ? 1 : -1) * (1 + (at >> 1))]));
  }, [z]);
  const { shape, spacing, signature } = store.state.value!;
  const close = (): void => open("");
  return (
    <div
      class="case"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void takeFiles(store, [...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <Header store={store} open={open} />
      <Recording store={store} />
      <main class={store.framed.value ? "with-frame" : ""}>
        <div class="left">
          <Muscles store={store} />
          <Tools store={store} />
        </div>
        <div class="middle">
          <Axial store={store} grey={grey} came={came} hand={hand} />
          <p class="where" data-testid="where">
            <b>{t("sliceOf", z + 1, shape[0])}</b> {t("position", number(z * spacing[0], 1))}
          </p>
          <div class="steps">
            <button type="button" aria-label={t("sliceBefore")} onClick={() => store.goTo(z - 1)}>‹</button>
            <button type="button" aria-label={t("sliceAfter")} onClick={() => store.goTo(z + 1)}>›</button>
          </div>
          {store.sweeps.value > 0 && (
            <button type="button" class="framed" data-testid="framed" aria-pressed={store.framed.value} title={t("frameWhy")} onClick={() => (store.framed.value = !store.framed.value)}>
              {t("rawFrame")} <kbd>V</kbd>
            </button>
          )}
          {signature !== null && <p class="signature" data-testid="signed">{t("signed", signature.by, new Date(signature.at).toLocaleString())}</p>}
        </div>
        <div class="right">
          {store.framed.value && <Frame store={store} hand={hand} />}
          <Long store={store} grey={grey} came={came} across="y" />
          <Long store={store} grey={grey} came={came} across="x" />
          <ThreeD store={store} />
          <Work store={store} />
        </div>
      </main>
      <Strip store={store} />
      {dialog === "keys" && <KeyHelp close={close} />}
      {dialog === "sign" && <Sign store={store} close={close} />}
      {dialog === "quality" && <Quality store={store} close={close} />}
      {dialog === "export" && <Export store={store} close={close} />}
    </div>
  );
}
