// The interactive 3-D view. It draws when something changes, never otherwise.
import { AmbientLight, DirectionalLight, HemisphereLight, OrthographicCamera, Scene as Stage, Spherical, Vector3, WebGLRenderer } from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import { Gizmo } from "./gizmo";
import { legAxis, SliceMark } from "./marks";
import { Muscle } from "./muscle";
import { panel } from "./panel";
import type { NamedView, Scene, Triple } from "./payload";
import { ScaleBar } from "./scalebar";

const TURN = Math.PI / 24;
const GLIDE_MS = 380;
const RIM_PX = 1.1;
const FIRST_TURN = 0.42;
const FIRST_TILT = -0.2;

export class Viewer {
  private readonly renderer: WebGLRenderer;
  private readonly stage = new Stage();
  private readonly camera = new OrthographicCamera();
  private readonly controls: OrbitControls;
  private readonly muscles: Muscle[];
  private readonly slice: SliceMark;
  private readonly gizmo: Gizmo;
  private readonly scaleBar = new ScaleBar();
  private readonly canvasBox = document.createElement("div");
  private readonly size: Triple;
  private readonly radius: number;
  private pending = false;
  private gliding = 0;

  constructor(host: HTMLElement, private readonly scene: Scene) {
    this.renderer = new WebGLRenderer({ antialias: true, alpha: true, powerPreference: "low-power" });
    this.size = [0, 1, 2].map((i) => (scene.step[i] ?? 0) * 0xffff) as Triple;
    const centre = [0, 1, 2].map((i) => (scene.low[i] ?? 0) + (this.size[i] ?? 0) / 2) as Triple;
    this.radius = Math.hypot(...this.size) / 2 || 1;

    this.muscles = scene.meshes.map((packed) => new Muscle(packed, scene, centre));
    this.slice = new SliceMark(scene, centre);
    this.stage.add(...this.muscles.map((muscle) => muscle.group), legAxis(scene, centre), this.slice.group, this.camera);
    this.light();

    const canvas = this.renderer.domElement;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute(
      "aria-label",
      `3-D view of ${this.muscles.map((m) => m.name).join(", ")}. Arrow keys turn, Shift and arrows move, plus and minus zoom, 1 to 6 choose a side, 0 resets.`,
    );
    this.gizmo = new Gizmo(scene.axes);
    this.canvasBox.className = "canvas-box";
    this.canvasBox.append(canvas, this.gizmo.element, this.scaleBar.element);
    const controls = panel(scene, this.muscles, {
      changed: () => this.draw(),
      look: (view) => this.look(view),
      reset: () => this.reset(true),
      colorByError: (on) => {
        for (const muscle of this.muscles) muscle.coloredByError = on;
        this.draw();
      },
    });
    host.replaceChildren(this.canvasBox, controls);

    this.camera.up.set(0, 0, 1);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enableZoom = false;
    this.controls.minZoom = 0.5;
    this.controls.maxZoom = 40;
    this.controls.addEventListener("change", () => this.draw());
    this.controls.addEventListener("start", () => cancelAnimationFrame(this.gliding));
    this.listen(canvas);
    new ResizeObserver(() => this.fit()).observe(this.canvasBox);
    this.fit();
    this.reset(false);
  }

  /** Mark a slice in the view; null takes the mark away. */
  markSlice(z: number | null): void {
    this.slice.show(z);
    this.draw();
  }

  private light(): void {
    const key = new DirectionalLight(0xffffff, 1.75);
    key.position.set(-0.55, 0.7, 1);
    const fill = new DirectionalLight(0xfff4e8, 0.45);
    fill.position.set(1, -0.2, 0.7);
    this.camera.add(key, fill);
    this.stage.add(new HemisphereLight(0xf4f7ff, 0xb9b2ab, 0.8), new AmbientLight(0xffffff, 0.3));
  }

  private listen(canvas: HTMLCanvasElement): void {
    // The wheel scrolls the page until the view has been clicked or tabbed into.
    this.canvasBox.addEventListener("pointerdown", () => canvas.focus({ preventScroll: true }), { capture: true });
    canvas.addEventListener("focus", () => (this.controls.enableZoom = true));
    canvas.addEventListener("blur", () => (this.controls.enableZoom = false));
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("dblclick", () => this.reset(true));
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.draw());
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = step[event.key];
    const view = this.scene.views[Number(event.key) - 1];
    if (move && event.shiftKey) this.pan(move[0], move[1]);
    else if (move) this.turn(move[0] * TURN, move[1] * TURN);
    else if (event.key === "+" || event.key === "=") this.zoom(1.15);
    else if (event.key === "-" || event.key === "_") this.zoom(1 / 1.15);
    else if (event.key === "0" || event.key === "r") this.reset(true);
    else if (view) this.look(view);
    else return;
    event.preventDefault();
  }

  private turn(azimuth: number, polar: number): void {
    const at = this.fromTarget();
    at.theta += azimuth;
    at.phi += polar;
    this.place(at.makeSafe());
  }

  private pan(right: number, down: number): void {
    const mm = this.mmPerPixel() * 24;
    const offset = new Vector3(right * mm, -down * mm, 0).applyQuaternion(this.camera.quaternion);
    this.camera.position.sub(offset);
    this.controls.target.sub(offset);
    this.controls.update();
    this.draw();
  }

  private zoom(factor: number): void {
    this.camera.zoom = Math.min(this.controls.maxZoom, Math.max(this.controls.minZoom, this.camera.zoom * factor));
    this.camera.updateProjectionMatrix();
    this.draw();
  }

  /** Where the camera is, seen from what it looks at; the sphere's pole is the patient's z axis. */
  private fromTarget(): Spherical {
    const offset = this.camera.position.clone().sub(this.controls.target);
    return new Spherical().setFromCartesianCoords(offset.x, offset.z, -offset.y);
  }

  private place(at: Spherical): void {
    const offset = new Vector3().setFromSpherical(at);
    this.camera.position.set(offset.x, -offset.z, offset.y).add(this.controls.target);
    this.controls.update();
    this.draw();
  }

  private look(view: NamedView, turned = 0, tilted = 0, glide = true): void {
    const [x, y, z] = view.towards;
    const upright = Math.abs(z) > 0.99 ? -Math.sign(z) * 1e-3 : 0;
    const towards = new Vector3(x + upright * view.up[0], y + upright * view.up[1], z).setLength(this.radius * 4);
    const goal = new Spherical().setFromCartesianCoords(towards.x, towards.z, -towards.y);
    goal.theta += turned;
    goal.phi += tilted;
    this.glideTo(goal.makeSafe(), glide);
  }

  private reset(glide: boolean): void {
    this.controls.target.set(0, 0, 0);
    this.camera.zoom = 1;
    this.camera.updateProjectionMatrix();
    const first = this.scene.views[0];
    if (first) this.look(first, FIRST_TURN, FIRST_TILT, glide);
  }

  private glideTo(goal: Spherical, glide: boolean): void {
    cancelAnimationFrame(this.gliding);
    const from = this.fromTarget();
    if (!glide || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.place(goal);
      return;
    }
    const across = ((goal.theta - from.theta + 3 * Math.PI) % (2 * Math.PI)) - Math.PI;
    const start = performance.now();
    const frame = (now: number): void => {
      const t = Math.min(1, (now - start) / GLIDE_MS);
      const eased = t * t * (3 - 2 * t);
      this.place(new Spherical(goal.radius, from.phi + (goal.phi - from.phi) * eased, from.theta + across * eased).makeSafe());
      if (t < 1) this.gliding = requestAnimationFrame(frame);
    };
    this.gliding = requestAnimationFrame(frame);
  }

  private fit(): void {
    const { clientWidth: width, clientHeight: height } = this.canvasBox;
    if (width === 0 || height === 0) return;
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.renderer.setSize(width, height);
    // The upright leg fills the height; a narrow canvas gives its width instead.
    const across = Math.hypot(this.size[0], this.size[1]);
    const tall = Math.max(this.size[2] * 1.14, (across * 1.2 * height) / width, across * 0.6);
    this.camera.top = tall / 2;
    this.camera.bottom = -tall / 2;
    this.camera.right = (tall / 2) * (width / height);
    this.camera.left = -this.camera.right;
    this.camera.near = 0.1;
    this.camera.far = this.radius * 8;
    this.camera.updateProjectionMatrix();
    this.draw();
  }

  private mmPerPixel(): number {
    return (this.camera.top - this.camera.bottom) / this.camera.zoom / Math.max(1, this.canvasBox.clientHeight);
  }

  private draw(): void {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      const mm = this.mmPerPixel();
      for (const muscle of this.muscles) muscle.rimWidth = mm * RIM_PX;
      this.renderer.render(this.stage, this.camera);
      this.gizmo.update(this.camera);
      this.scaleBar.update(mm);
    });
  }
}
