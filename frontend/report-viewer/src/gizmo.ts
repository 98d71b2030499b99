// Which way the patient lies: six letters on three axes that turn with the view; each is a button that looks from its side.
import { type Camera, Vector3 } from "three";

const SVG = "http://www.w3.org/2000/svg";
const SIZE = 92;
const ARM = 31;
const DIRECTIONS: [number, number, number][] = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];

export class Gizmo {
  readonly element: SVGSVGElement;
  private readonly arms: { direction: Vector3; line: SVGLineElement; knob: SVGGElement }[];

  constructor(letters: string[]) {
    this.element = document.createElementNS(SVG, "svg");
    this.element.setAttribute("viewBox", `${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}`);
    this.element.setAttribute("class", "gizmo");
    this.element.setAttribute("aria-hidden", "true");
    this.arms = DIRECTIONS.map((direction, i) => {
      const line = document.createElementNS(SVG, "line");
      const knob = document.createElementNS(SVG, "g");
      const disc = document.createElementNS(SVG, "circle");
      disc.setAttribute("r", "9.5");
      const text = document.createElementNS(SVG, "text");
      text.textContent = letters[i] ?? "";
      text.setAttribute("dy", "0.36em");
      knob.append(disc, text);
      knob.setAttribute("class", i % 2 === 0 ? "plus" : "minus");
      return { direction: new Vector3(...direction), line, knob };
    });
  }

  update(camera: Camera): void {
    const seen = this.arms.map((arm) => ({ ...arm, at: arm.direction.clone().transformDirection(camera.matrixWorldInverse) }));
    seen.sort((a, b) => a.at.z - b.at.z);
    const nodes: SVGElement[] = [];
    for (const { at, line, knob } of seen) {
      line.setAttribute("x2", String(at.x * ARM));
      line.setAttribute("y2", String(-at.y * ARM));
      knob.setAttribute("transform", `translate(${at.x * ARM} ${-at.y * ARM})`);
      knob.style.opacity = String(0.55 + 0.45 * ((at.z + 1) / 2));
      nodes.push(line, knob);
    }
    this.element.replaceChildren(...nodes);
  }
}
