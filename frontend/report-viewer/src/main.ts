import { enlargeSlices } from "./lightbox";
import { readProfiles } from "./profiles";
import { readPayload } from "./payload";
import { outlineSwitches } from "./switches";
import { Viewer } from "./viewer";

document.documentElement.classList.add("has-script");
const payload = readPayload();

function startViewer(): Viewer | null {
  const host = document.getElementById("viewer");
  if (!host || !payload.scene) return null;
  try {
    const viewer = new Viewer(host, payload.scene);
    document.documentElement.classList.add("has-3d");
    return viewer;
  } catch {
    // No WebGL: the static picture stays, and the page says why.
    const note = document.getElementById("viewer-note");
    if (note) note.textContent = "The interactive view needs WebGL, which this browser does not offer. The picture shows the same muscles.";
    return null;
  }
}

const viewer = startViewer();
const mark = (z: number | null): void => viewer?.markSlice(z);
readProfiles(payload.profiles, mark);
enlargeSlices(mark);
outlineSwitches();

// What is folded away is still part of the record on paper.
let folded: HTMLDetailsElement[] = [];
window.addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll<HTMLDetailsElement>("details:not([open])")];
  for (const details of folded) details.open = true;
});
window.addEventListener("afterprint", () => {
  for (const details of folded) details.open = false;
});
