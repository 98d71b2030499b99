// The controls beside the view: muscles on and off, how solid they are, sides to look from, colours by error.
import type { Muscle } from "./muscle";
import { bytes, type NamedView, type Scene } from "./payload";

export interface PanelActions {
  changed: () => void;
  look: (view: NamedView) => void;
  reset: () => void;
  colorByError: (on: boolean) => void;
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function muscleRow(muscle: Muscle, changed: () => void): HTMLElement {
  const row = make("div", "muscle");
  const label = make("label");
  const box = make("input");
  box.type = "checkbox";
  box.checked = true;
  const swatch = make("i");
  swatch.style.background = muscle.color;
  label.append(box, swatch, make("span", "", muscle.name));
  const slider = make("input");
  slider.type = "range";
  slider.min = "10";
  slider.max = "100";
  slider.step = "5";
  slider.value = "100";
  slider.setAttribute("aria-label", `Opacity of ${muscle.name}, percent`);
  slider.title = "Opacity";
  box.addEventListener("change", () => {
    muscle.visible = box.checked;
    slider.disabled = !box.checked;
    changed();
  });
  slider.addEventListener("input", () => {
    muscle.opacity = Number(slider.value) / 100;
    changed();
  });
  row.append(label, slider);
  return row;
}

function colorBar(error: NonNullable<Scene["error"]>): HTMLElement {
  const figure = make("div", "colorbar");
  const table = bytes(error.colors);
  const stops: string[] = [];
  for (let i = 0; i < 255; i += 6) stops.push(`rgb(${table[i * 3] ?? 0} ${table[i * 3 + 1] ?? 0} ${table[i * 3 + 2] ?? 0})`);
  const bar = make("div", "bar");
  bar.style.background = `linear-gradient(to right, ${stops.join(",")})`;
  const scale = make("div", "scale");
  for (const tick of error.ticks) {
    const mark = make("span", "", `${tick > 0 && error.low < 0 ? "+" : ""}${String(tick).replace("-", "\u2212")}`);
    mark.style.left = `${((tick - error.low) / (error.high - error.low)) * 100}%`;
    scale.append(mark);
  }
  const words = error.low < 0 ? "mm: + outside the reference, \u2212\u00a0inside" : "mm from the reference";
  figure.append(bar, scale, make("div", "unit", words));
  return figure;
}

function colorChoice(scene: Scene, actions: PanelActions): HTMLElement[] {
  if (scene.error === null) return [];
  const group = make("fieldset");
  group.append(make("legend", "", "Colour"));
  const bar = colorBar(scene.error);
  bar.hidden = true;
  const choices = make("div", "segmented");
  for (const [text, on] of [["Muscles", false], ["Surface error", true]] as const) {
    const label = make("label");
    const radio = make("input");
    radio.type = "radio";
    radio.name = "viewer-colour";
    radio.checked = !on;
    radio.addEventListener("change", () => {
      bar.hidden = !on;
      actions.colorByError(on);
    });
    label.append(radio, make("span", "", text));
    choices.append(label);
  }
  group.append(choices, bar);
  return [group];
}

export function panel(scene: Scene, muscles: Muscle[], actions: PanelActions): HTMLElement {
  const root = make("div", "panel");
  const list = make("fieldset");
  list.append(make("legend", "", "Muscles and opacity"), ...muscles.map((muscle) => muscleRow(muscle, actions.changed)));
  const sides = make("fieldset");
  const buttons = make("div", "sides");
  scene.views.forEach((view, i) => {
    const button = make("button", "", view.name);
    button.type = "button";
    button.title = `Key ${i + 1}`;
    button.addEventListener("click", () => actions.look(view));
    buttons.append(button);
  });
  const reset = make("button", "reset", "Reset");
  reset.type = "button";
  reset.title = "Key 0";
  reset.addEventListener("click", actions.reset);
  sides.append(make("legend", "", "Look from"), buttons, reset);
  const help = make("p", "help", "Drag to turn, right-drag or two fingers to move, click and scroll or pinch to zoom. Keys: arrows turn, Shift and arrows move, + and \u2212 zoom, 1\u20136 sides, 0 reset.");
  root.append(list, ...colorChoice(scene, actions), sides, help);
  return root;
}
