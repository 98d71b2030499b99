// A readout under the pointer (or the arrow keys) on the profile of all muscles; the slice it reads is marked in the 3-D view.
import type { Profile } from "./payload";

interface Reading {
  name: string;
  color: string;
  cm2: number;
  reference: number | null;
  percent: number;
}

function readingsAt(profiles: Profile[], z: number): Reading[] {
  const found: Reading[] = [];
  for (const p of profiles) {
    const i = p.z.indexOf(z);
    const cm2 = p.cm2[i];
    if (i < 0 || cm2 == null) continue;
    found.push({ name: p.name, color: p.color, cm2, reference: p.reference?.[i] ?? null, percent: p.percent[i] ?? 0 });
  }
  return found;
}

export function readProfiles(profiles: Profile[], mark: (z: number | null) => void): void {
  const figure = document.getElementById("profile-all");
  const readout = figure?.querySelector<HTMLElement>(".readout");
  if (!figure || !readout || profiles.length === 0) return;
  // One chart for a wide page, one for a phone: the page shows one of them.
  for (const svg of figure.querySelectorAll("svg")) readProfile(svg, readout, profiles, mark);
}

function readProfile(svg: SVGSVGElement, readout: HTMLElement, profiles: Profile[], mark: (z: number | null) => void): void {
  const places = new Map<number, number>();
  for (const p of profiles) p.z.forEach((z, i) => places.set(z, p.mm[i] ?? 0));
  const slices = [...places.entries()].sort((a, b) => a[1] - b[1]);
  const data = svg.dataset;
  const [left, right, low, high, top, bottom, width] = ["left", "right", "low", "high", "top", "bottom", "width"].map((k) => Number(data[k]));
  if (left === undefined || right === undefined || low === undefined || high === undefined || width === undefined) return;

  const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("y1", String(top));
  cursor.setAttribute("y2", String(bottom));
  cursor.style.visibility = "hidden";
  svg.append(cursor);

  let at = Math.floor(slices.length / 2);
  const hide = (): void => {
    cursor.style.visibility = "hidden";
    readout.hidden = true;
    mark(null);
  };
  const show = (index: number): void => {
    at = Math.min(slices.length - 1, Math.max(0, index));
    const slice = slices[at];
    if (!slice) return;
    const [z, mm] = slice;
    const x = left + ((mm - low) / (high - low)) * (right - left);
    cursor.setAttribute("x1", String(x));
    cursor.setAttribute("x2", String(x));
    cursor.style.visibility = "visible";
    const head = document.createElement("div");
    head.className = "where";
    head.textContent = `${mm.toFixed(1)} mm · slice ${z}`;
    const rows = readingsAt(profiles, z).map((r) => {
      const row = document.createElement("div");
      const swatch = document.createElement("i");
      swatch.style.background = r.color;
      const name = document.createElement("b");
      name.textContent = r.name;
      const value = document.createElement("span");
      value.textContent = `${r.cm2.toFixed(1)} cm²${r.reference === null ? "" : ` (reference ${r.reference.toFixed(1)})`} · ${r.percent.toFixed(0)} %`;
      row.append(swatch, name, value);
      return row;
    });
    readout.replaceChildren(head, ...rows);
    readout.hidden = false;
    const share = x / width;
    const box = svg.getBoundingClientRect();
    const wanted = share > 0.62 ? share * box.width - 14 - readout.offsetWidth : share * box.width + 14;
    readout.style.left = `${Math.max(0, Math.min(wanted, box.width - readout.offsetWidth))}px`;
    mark(z);
  };

  const nearest = (clientX: number): number => {
    const box = svg.getBoundingClientRect();
    const mm = low + ((((clientX - box.left) / box.width) * width - left) / (right - left)) * (high - low);
    let best = 0;
    slices.forEach((slice, i) => {
      if (Math.abs(slice[1] - mm) < Math.abs((slices[best]?.[1] ?? Infinity) - mm)) best = i;
    });
    return best;
  };
  svg.addEventListener("pointermove", (event) => show(nearest(event.clientX)));
  svg.addEventListener("pointerdown", (event) => show(nearest(event.clientX)));
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("focus", () => {
    if (readout.hidden) show(at);
  });
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 1;
    if (event.key === "ArrowLeft") show(at - step);
    else if (event.key === "ArrowRight") show(at + step);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(slices.length - 1);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
  });
}
