// How well the drawing repeats, and what has changed since an earlier visit.
import { useEffect, useState } from "preact/hooks";
import type { CaseRow, Comparison, DrawnTwice } from "../api.ts";
import { compare, folder, quality } from "../api.ts";
import { number, t } from "../i18n/index.ts";
import { say } from "../state/app.ts";
import type { CaseStore } from "../state/case.ts";
import { Dialog } from "./Dialog.tsx";

const SHARES = [0.1, 0.25, 0.5, 1];
const [WIDE, HIGH, EDGE] = [420, 150, 34];

const failed = (error: unknown): void => say(error instanceof Error ? error.message : String(error), true);

export function Quality({ store, close }: { store: CaseStore; close: () => void }) {
  return (
    <Dialog title={t("quality")} close={close}>
      <Again store={store} close={close} />
      <Against store={store} />
    </Dialog>
  );
}

function Again({ store, close }: { store: CaseStore; close: () => void }) {
  const [found, setFound] = useState<{ same: DrawnTwice | null; other: DrawnTwice | null } | null>(null);
  const [share, setShare] = useState(0.25);
  useEffect(() => void quality(store.name).then(setFound, failed), []);
  const left = store.state.value!.asked.length;
  const begin = (): void => {
    store.redraw(left > 0 ? null : share);
    close();
  };
  return (
    <section class="quality">
      <h3>{t("drawnTwice")}</h3>
      <p class="hint">{t("redrawWhy")}</p>
      <div class="row">
        {left === 0 && (
          <label>
            {t("redrawShare")}{" "}
            <select value={share} onChange={(event) => setShare(Number(event.currentTarget.value))}>
              {SHARES.map((each) => (
                <option key={each} value={each}>{number(100 * each)} %</option>
              ))}
            </select>
          </label>
        )}
        <button type="button" class="main" data-testid="redraw" disabled={!store.editable.value || store.running.value} onClick={begin}>
          {left > 0 ? t("redrawGoOn", left) : t("redraw")}
        </button>
      </div>
      {found !== null && (["same", "other"] as const).map((who) => found[who] !== null && <Twice key={who} title={t(`twice.${who}`)} found={found[who]!} />)}
      {found !== null && found.same === null && found.other === null && <p class="hint">{t("twiceNone")}</p>}
    </section>
  );
}

function Twice({ title, found }: { title: string; found: DrawnTwice }) {
  const mm2 = (value: number | null): string => (value === null ? "–" : `${number(value, 1)} mm²`);
  const rows: [string, string][] = [
    ["Dice", number(found.dice, 3)],
    ["ICC(2,1)", found.icc === null ? "–" : number(found.icc, 3)],
    ["SEM", mm2(found.sem)],
    ["MDC", mm2(found.mdc)],
    [t("bias"), mm2(found.bias)],
    [t("limits"), found.limits === null ? "–" : `${number(found.limits[0], 1)} … ${number(found.limits[1], 1)} mm²`],
  ];
  return (
    <figure class="twice" data-testid="twice">
      <h4>{title}: {t("twiceSlices", found.slices)}</h4>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {found.limits !== null && <Differences found={found} />}
    </figure>
  );
}

/** Bland and Altman's picture: difference against mean. */
function Differences({ found }: { found: DrawnTwice }) {
  const points = found.pairs.map(([first, second]): [number, number] => [(first + second) / 2, second - first]);
  const [low, high] = [Math.min(...points.map(([mean]) => mean)), Math.max(...points.map(([mean]) => mean))];
  const most = Math.max(1, ...points.map(([, d]) => Math.abs(d)), ...found.limits!.map(Math.abs)) * 1.15;
  const x = (mean: number): number => EDGE + ((mean - low) / Math.max(1, high - low)) * (WIDE - 2 * EDGE);
  const y = (d: number): number => HIGH / 2 - (d / most) * (HIGH / 2 - 12);
  const lines: [number, string][] = [[found.bias ?? 0, ""], [found.limits![0], "4 3"], [found.limits![1], "4 3"]];
  return (
    <svg viewBox={`0 0 ${WIDE} ${HIGH}`} role="img" aria-label={t("blandAltman")}>
      <line x1={EDGE - 8} x2={WIDE - EDGE + 8} y1={y(0)} y2={y(0)} stroke="currentColor" opacity="0.25" />
      {lines.map(([level, dash]) => (
        <g key={`${level} ${dash}`}>
          <line x1={EDGE - 8} x2={WIDE - EDGE + 8} y1={y(level)} y2={y(level)} stroke="currentColor" stroke-dasharray={dash} opacity="0.6" />
          <text x={WIDE - EDGE + 10} y={y(level) + 4}>{number(level)}</text>
        </g>
      ))}
      {points.map(([mean, d], at) => (
        <circle key={at} cx={x(mean)} cy={y(d)} r="3.5" />
      ))}
      <text x={EDGE - 8} y={HIGH - 2}>{t("blandAltman")}</text>
    </svg>
  );
}

function Against({ store }: { store: CaseStore }) {
  const [rows, setRows] = useState<CaseRow[]>([]);
  const [found, setFound] = useState<Comparison | null>(null);
  useEffect(() => void folder().then((answer) => setRows(answer.cases.filter((row) => row.name !== store.name && row.drawn)), failed), []);
  const choose = (other: string): void => {
    setFound(null);
    if (other !== "") compare(store.name, other).then(setFound, failed);
  };
  return (
    <section class="quality">
      <h3>{t("against")}</h3>
      {rows.length === 0 ? (
        <p class="hint">{t("againstNone")}</p>
      ) : (
        <label>
          {t("againstWhich")}{" "}
          <select data-testid="against" onChange={(event) => choose(event.currentTarget.value)}>
            <option value="">–</option>
            {rows.map((row) => (
              <option key={row.name} value={row.name}>{row.name}</option>
            ))}
          </select>
        </label>
      )}
      {found !== null && (
        <>
          <table data-testid="changes">
            <thead>
              <tr>
                <th scope="col">{t("muscles")}</th>
                <th scope="col">{found.before}</th>
                <th scope="col">{store.name}</th>
                <th scope="col">{t("change")}</th>
                <th scope="col">{t("detectable")}</th>
              </tr>
            </thead>
            <tbody>
              {found.changes.map((each) => {
                const more = each.now_cm3 - each.before_cm3;
                return (
                  <tr key={each.muscle}>
                    <th scope="row">{each.muscle}</th>
                    <td>{number(each.before_cm3, 1)}</td>
                    <td>{number(each.now_cm3, 1)}</td>
                    <td>{more > 0 ? "+" : ""}{number(more, 1)} cm³</td>
                    <td>{each.mdc_cm3 === null ? "–" : t(Math.abs(more) > each.mdc_cm3 ? "changeYes" : "changeNo", number(each.mdc_cm3, 1))}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          <p class="hint">{found.lab.relative_sem === null ? t("labNone", found.lab.redrawn) : t("lab", found.lab.redrawn, number(100 * found.lab.relative_sem, 1))}</p>
        </>
      )}
    </section>
  );
}
