// Light and dark: the system's choice until a visitor makes another, and the theme's colours for what is drawn by hand.

const KEY = "theme";

/** @param onChange called when the theme has changed, by the button or by the system. */
export function themeToggle(button: HTMLButtonElement, onChange: () => void): void {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = (): boolean => (root.dataset["theme"] ? root.dataset["theme"] === "dark" : system.matches);
  const label = (): void => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Use the ${isDark() ? "light" : "dark"} theme`);
  };
  const stored = remembered();
  if (stored) root.dataset["theme"] = stored;
  label();
  button.addEventListener("click", () => {
    root.dataset["theme"] = isDark() ? "light" : "dark";
    remember(root.dataset["theme"]);
    label();
    onChange();
  });
  system.addEventListener("change", () => {
    label();
    onChange();
  });
}

/** The choice made before; none where the browser denies its storage. */
function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The choice holds until the page is left.
  }
}

/**
 * Any CSS colour, also one by a custom property of the page ("var(--ink)"), as a canvas understands it,
 * in the present theme.
 */
export function colourOf(css: string): string {
  const probe = document.createElement("i");
  probe.style.color = css;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

export type Rgb = readonly [red: number, green: number, blue: number];

/** The same as sRGB in [0, 1]. */
export function rgbOf(css: string): Rgb {
  pixel.fillStyle = colourOf(css);
  pixel.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pixel.getImageData(0, 0, 1, 1).data;
  return [red / 255, green / 255, blue / 255];
}

const canvas = document.createElement("canvas");
[canvas.width, canvas.height] = [1, 1];
const pixel = canvas.getContext("2d", { willReadFrequently: true })!;
