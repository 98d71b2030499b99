// The muscles: which one is drawn, how large each is, and where it begins and ends.
import { useRef, useState } from "preact/hooks";
import type { Muscle } from "../api.ts";
import { number, t } from "../i18n/index.ts";
import { unfinishedWords } from "../i18n/unfinished.ts";
import type { CaseStore } from "../state/case.ts";
import { takeFiles } from "../state/seeds.ts";
import { hidden, opacity, outlined, toggle } from "../view/look.ts";
import { css } from "../view/paint.ts";

export function Muscles({ store }: { store: CaseStore }) {
  const muscles = store.state.value!.muscles;
  void store.revision.value;
  const total = muscles.reduce((sum, muscle) => sum + store.volumeCm3(muscle), 0);
  const states = muscles.filter((muscle) => !muscle.absent).map((muscle) => store.known(muscle)).filter((each) => each !== "nothing");
  const whole = states[0] === undefined ? "nothing" : states.every((each) => each === states[0]) ? states[0] : "part";
  return (
    <section class="panel">
      <h2>{t("muscles")}</h2>
      <div class="muscles" role="radiogroup" aria-label={t("muscles")}>
        {muscles.map((muscle, at) => (
          <Row key={muscle.label} store={store} muscle={muscle} place={at + 1} />
        ))}
      </div>
      <p class="total">
        {t("total")} <b data-testid="total">{volumeWords(whole, total)}</b>
      </p>
      <Ends store={store} />
      <div class="row">
        <label class="slider">
          {t("opacity")}
          <input type="range" min="0" max="100" value={opacity.value * 100} onInput={(event) => (opacity.value = Number(event.currentTarget.value) / 100)} />
        </label>
        <label class="check">
          <input type="checkbox" checked={outlined.value} onChange={(event) => (outlined.value = event.currentTarget.checked)} />
          {t("outlineOnly")}
        </label>
      </div>
      <Add store={store} />
      <Take store={store} />
    </section>
  );
}

/** A volume; what is drawn and no more is none. */
export function volumeWords(known: ReturnType<CaseStore["known"]>, cm3: number): string {
  if (known === "nothing") return "–";
  if (known === "drawn") return t("drawnOnly");
  return t(known === "part" ? "soFar" : "volumeOf", number(cm3, 1));
}

function Row({ store, muscle, place }: { store: CaseStore; muscle: Muscle; place: number }) {
  const active = store.label.value === muscle.label;
  // Slices arrive without a new muscle.
  void store.revision.value;
  const whole = store.known(muscle);
  const sd = store.advice.value?.sds[muscle.label] ?? null;
  const unfinished = store.advice.value?.unfinished[muscle.label] ?? null;
  const mark = store.marks.get(muscle.label, store.z.value);
  const word = mark === undefined ? t("nothing") : mark.mask.pixels === 0 ? t("absent") : mark.origin === "drawn" ? t(mark.corrected ? "corrected" : "drawn") : t(mark.origin === "accepted" ? "accepted" : "proposed");
  const sure = mark?.confidence != null && mark.origin === "proposed" ? `, ${t("confidence", Math.round(mark.confidence * 100))}` : "";
  return (
    <div class={active ? "item active" : "item"}>
      <label>
        <input type="radio" name="muscle" checked={active} onChange={() => (store.label.value = muscle.label)} />
        <i class="colour" style={{ background: css(muscle.color) }} />
        <span class="name">
          {muscle.name} <kbd>{place}</kbd>
        </span>
        <b data-testid={`volume-${muscle.name}`} class={whole === "whole" ? "" : "hint"}>{muscle.absent ? t("nowhere") : volumeWords(whole, store.volumeCm3(muscle))}</b>
        <small data-testid={`origin-${muscle.name}`}>
          {word}
          {sure}
          {sd !== null && whole === "whole" && sd < store.volumeCm3(muscle) && <span class="sd" title={t("sdWhy")}> ± {number(sd, 1)}</span>}
        </small>
        {unfinished !== null && !muscle.absent && <small class="unfinished" data-testid={`unfinished-${muscle.name}`}>{unfinishedWords(unfinished)}</small>}
      </label>
      <button
        type="button"
        class="eye quiet"
        aria-pressed={!hidden.value.has(muscle.label)}
        aria-label={t("show", muscle.name)}
        title={t("show", muscle.name)}
        onClick={() => toggle(muscle.label)}
      >
        {hidden.value.has(muscle.label) ? "○" : "●"}
      </button>
    </div>
  );
}

function Ends({ store }: { store: CaseStore }) {
  const muscle = store.muscle.value;
  if (muscle === undefined) return null;
  const z = store.z.value;
  const can = store.editable.value;
  const mark = (first: number | null, last: number | null): void => store.send({ kind: "ends", label: muscle.label, first, last });
  const marked = muscle.first !== null || muscle.last !== null;
  return (
    <div class="ends">
      <span class="hint">
        {t("ends")} {muscle.name}: {marked ? `${muscle.first === null ? "?" : muscle.first + 1} – ${muscle.last === null ? "?" : muscle.last + 1}` : t("noEnds")}
      </span>
      <div class="row">
        <button type="button" disabled={!can || (muscle.last !== null && z > muscle.last)} onClick={() => mark(z, muscle.last)}>
          {t("firstSlice")}
        </button>
        <button type="button" disabled={!can || (muscle.first !== null && z < muscle.first)} onClick={() => mark(muscle.first, z)}>
          {t("lastSlice")}
        </button>
      </div>
    </div>
  );
}

/** Outlines from another program; a file may be dropped anywhere on the case as well. */
function Take({ store }: { store: CaseStore }) {
  const chooser = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement): void => {
    const files = [...(input.files ?? [])];
    input.value = "";
    void takeFiles(store, files);
  };
  return (
    <>
      <input ref={chooser} type="file" multiple hidden data-testid="seeds" onChange={(event) => take(event.currentTarget)} />
      <button type="button" class="quiet take" disabled={!store.editable.value || store.blind.value !== null} onClick={() => chooser.current!.click()}>
        {t("takeSeeds")}
      </button>
    </>
  );
}

function Add({ store }: { store: CaseStore }) {
  const [name, setName] = useState("");
  const add = (event: Event): void => {
    event.preventDefault();
    if (name.trim() === "") return;
    store.send({ kind: "add-muscle", name: name.trim() });
    setName("");
  };
  return (
    <details class="add">
      <summary>{t("addMuscle")}</summary>
      <form class="row" onSubmit={add}>
        <input type="text" maxLength={40} value={name} aria-label={t("addMuscle")} placeholder="TA" onInput={(event) => setName(event.currentTarget.value)} />
        <button type="submit" disabled={!store.editable.value}>{t("add")}</button>
      </form>
    </details>
  );
}
