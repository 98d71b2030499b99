// The cases of the folder.
import { computed, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { CaseRow, Folder, Unfinished } from "../api.ts";
import { folder } from "../api.ts";
import type { Key } from "../i18n/index.ts";
import { number, t } from "../i18n/index.ts";
import { caseAddress, locked, say } from "../state/app.ts";
import { Settings } from "../panel/Settings.tsx";
import { Arrivals } from "./Arrivals.tsx";
import { Many } from "./Many.tsx";

type Sorting = "name" | "state" | "minutes";
const STATES = ["new", "drawn", "propagated", "checked", "signed", "damaged"];
const ORDER: Record<Sorting, (a: CaseRow, b: CaseRow) => number> = {
  name: (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }),
  state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || ORDER.name(a, b),
  minutes: (a, b) => (b.minutes ?? 0) - (a.minutes ?? 0) || ORDER.name(a, b),
};

export function Home() {
  const found = useMemo(() => signal<Folder | null>(null), []);
  const search = useMemo(() => signal(""), []);
  const sorting = useMemo(() => signal<Sorting>("name"), []);
  const load = (): void => {
    folder().then(
      (answer) => (found.value = answer),
      (error: Error) => say(error.message, true),
    );
  };
  useEffect(load, [locked.value]);
  const rows = useMemo(
    () =>
      computed(() =>
        (found.value?.cases ?? []).filter((row) => row.name.toLowerCase().includes(search.value.toLowerCase())).sort(ORDER[sorting.value]),
      ),
    [],
  );
  const names = [...new Set(rows.value.flatMap((row) => Object.keys(row.volumes ?? {})))];
  return (
    <div class="home">
      <header class="top">
        <h1>{t("appName")}</h1>
        <span class="hint">{found.value?.folder}</span>
        <span class="gap" />
        <Settings />
      </header>
      <main>
        <Arrivals done={load} />
        <section class="list">
          <div class="row bar">
            <h2>{t("cases")}</h2>
            <span class="gap" />
            <label>
              {t("search")} <input type="search" value={search.value} onInput={(event) => (search.value = event.currentTarget.value)} />
            </label>
            <label>
              {t("sortBy")}{" "}
              <select value={sorting.value} onChange={(event) => (sorting.value = event.currentTarget.value as Sorting)}>
                {(["name", "state", "minutes"] as const).map((each) => (
                  <option key={each} value={each}>{t(each)}</option>
                ))}
              </select>
            </label>
          </div>
          {found.value === null && !locked.value && <p class="none" role="status">{t("loading")}</p>}
          {found.value !== null && found.value.cases.length === 0 && <p class="none">{t("noCases")}</p>}
          {found.value !== null && found.value.cases.length > 0 && rows.value.length === 0 && <p class="none">{t("noMatch")}</p>}
          <Many rows={found.value?.cases ?? []} reload={load} />
          {rows.value.length > 0 && <Table rows={rows.value} names={names} />}
        </section>
      </main>
      <footer class="hint">{t("research")}</footer>
    </div>
  );
}

function Table({ rows, names }: { rows: CaseRow[]; names: string[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t("cases")}>
      <table class="cases">
        <thead>
          <tr>
            <th scope="col">{t("name")}</th>
            <th scope="col">{t("state")}</th>
            <th scope="col" class="number">{t("drawnSlices")}</th>
            {names.map((name) => (
              <th scope="col" class="number" key={name}>{name} cm³</th>
            ))}
            <th scope="col" class="number">{t("minutes")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.state === "damaged" ? <span title={row.problem}>{row.name}</span> : <a href={caseAddress(row.name)}>{row.name}</a>}</th>
              <td>
                <span class={`badge ${row.state}`}>{t(`state.${row.state}` as Key)}</span>
              </td>
              <td class="number">{row.drawn ?? ""}</td>
              {names.map((name) => (
                <td class="number" key={name}>
                  {row.volumes?.[name] === undefined ? "" : number(row.volumes[name], 1)}
                  <Unsure kind={row.unfinished?.[name]} />
                </td>
              ))}
              <td class="number">{row.minutes === undefined ? "" : number(row.minutes, 1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A star at a volume that is not the muscle's, with the reason. */
function Unsure({ kind }: { kind: Unfinished["kind"] | undefined }) {
  if (kind === undefined) return null;
  const why = t(kind === "cut" ? "unfinished.somewhere" : kind === "click" ? "unfinished.click" : "unfinished.afew");
  return (
    <span class="unsure" role="img" aria-label={why} title={why}>
      {" *"}
    </span>
  );
}
