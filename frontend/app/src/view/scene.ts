// What NiiVue shows: one mesh a muscle.
import type { Niivue } from "@niivue/niivue";
import { bytes } from "../api.ts";

export interface Shown {
  label: number;
  color: readonly [number, number, number];
  address: string;
}

/** A leg is long: smaller than NiiVue would have it, so that both ends are in the picture. */
const FITS = 0.72;

export class Scene {
  private viewer: Promise<Niivue> | null = null;
  private labels: number[] = [];
  private closed = false;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  /** Load these surfaces in place of those before; says how many there are. */
  async show(wanted: readonly Shown[]): Promise<number> {
    if (this.closed || (wanted.length === 0 && this.viewer === null)) return 0;
    const loaded = await Promise.all(wanted.map(async (each) => ({ ...each, data: await bytes(each.address).catch(() => new Uint8Array(0)) })));
    const solid = loaded.filter((each) => each.data.length > 0);
    if (solid.length === 0 && this.viewer === null) return 0;
    const { NVMesh } = await import("@niivue/niivue");
    const viewer = await (this.viewer ??= this.start());
    if (this.closed) return 0;
    const meshes = await Promise.all(
      solid.map((each) => NVMesh.loadFromFile({ file: new File([each.data.slice().buffer], "muscle.stl"), gl: viewer.gl, name: "muscle.stl", rgba255: new Uint8Array([...each.color, 255]) })),
    );
    for (const old of [...viewer.meshes]) viewer.removeMesh(old);
    meshes.forEach((mesh) => viewer.addMesh(mesh));
    this.labels = solid.map((each) => each.label);
    viewer.drawScene();
    return solid.length;
  }

  look(hidden: ReadonlySet<number>): void {
    void this.viewer?.then((viewer) => {
      viewer.meshes.forEach((mesh, at) => {
        mesh.visible = !hidden.has(this.labels[at]!);
      });
      viewer.drawScene();
    });
  }

  close(): void {
    this.closed = true;
    void this.viewer?.then((viewer) => viewer.gl.getExtension("WEBGL_lose_context")?.loseContext());
  }

  private async start(): Promise<Niivue> {
    const { Niivue } = await import("@niivue/niivue");
    const viewer = new Niivue({
      backColor: [0.02, 0.027, 0.04, 1],
      show3Dcrosshair: false,
      dragAndDropEnabled: false,
      isOrientCube: false,
      logLevel: "silent",
      loadingText: "",
      meshThicknessOn2D: 0,
    });
    await viewer.attachToCanvas(this.canvas, false);
    viewer.setSliceType(viewer.sliceTypeRender);
    viewer.setRenderAzimuthElevation(120, 5);
    viewer.setScale(FITS);
    return viewer;
  }
}
