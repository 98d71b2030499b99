// A slice enlarged over the page; arrow keys go to its neighbours, Escape goes back.

export function enlargeSlices(mark: (z: number | null) => void): void {
  const dialog = document.getElementById("lightbox") as HTMLDialogElement | null;
  const figures = [...document.querySelectorAll<HTMLElement>("figure.slice")];
  if (!dialog || typeof dialog.showModal !== "function" || figures.length === 0) return;
  const stage = dialog.querySelector<HTMLElement>(".stage");
  const caption = dialog.querySelector<HTMLElement>(".caption");
  if (!stage || !caption) return;
  let current = 0;

  const show = (index: number): void => {
    current = (index + figures.length) % figures.length;
    const figure = figures[current];
    const picture = figure?.querySelector("svg");
    if (!figure || !picture) return;
    stage.replaceChildren(picture.cloneNode(true));
    const words = figure.querySelector("figcaption")?.cloneNode(true);
    caption.replaceChildren(...(words ? [...words.childNodes] : []));
    mark(Number(figure.dataset["z"]));
  };

  figures.forEach((figure, index) => {
    const button = figure.querySelector("button");
    button?.addEventListener("click", () => {
      show(index);
      dialog.showModal();
    });
  });
  dialog.querySelector(".before")?.addEventListener("click", () => show(current - 1));
  dialog.querySelector(".after")?.addEventListener("click", () => show(current + 1));
  dialog.querySelector(".close")?.addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft" || event.key === "ArrowUp") show(current - 1);
    else if (event.key === "ArrowRight" || event.key === "ArrowDown") show(current + 1);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => mark(null));
}
