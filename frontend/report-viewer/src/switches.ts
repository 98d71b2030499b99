// Switches above the slices: what is drawn over the grey levels.

export function outlineSwitches(): void {
  for (const box of document.querySelectorAll<HTMLInputElement>("input[data-hides]")) {
    const apply = (): void => {
      document.documentElement.classList.toggle(`hide-${box.dataset["hides"] ?? ""}`, !box.checked);
    };
    box.addEventListener("change", apply);
    apply();
  }
}
