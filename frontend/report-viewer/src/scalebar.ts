// A bar of a round length in mm, true at every depth because the projection is parallel.

export class ScaleBar {
  readonly element = document.createElement("div");
  private readonly bar = document.createElement("i");
  private readonly text = document.createElement("span");

  constructor() {
    this.element.className = "scalebar";
    this.element.append(this.bar, this.text);
  }

  update(mmPerPixel: number): void {
    const most = mmPerPixel * 130;
    const power = 10 ** Math.floor(Math.log10(most));
    const mm = ([5, 2, 1].find((factor) => factor * power <= most) ?? 1) * power;
    this.bar.style.width = `${mm / mmPerPixel}px`;
    this.text.textContent = `${mm >= 1 ? mm : mm.toFixed(1)} mm`;
  }
}
