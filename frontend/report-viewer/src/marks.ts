// What stands among the muscles: the leg's axis with a tick every 50 mm, and the slice that is being read.
import {
  BufferGeometry,
  DoubleSide,
  Float32BufferAttribute,
  Group,
  LineBasicMaterial,
  LineLoop,
  LineSegments,
  Mesh,
  MeshBasicMaterial,
  Vector3,
} from "three";
import type { Scene, Triple } from "./payload";

const TICK_EVERY_MM = 50;
const TICK_MM = 3;

function less(a: Triple, b: Triple): Vector3 {
  return new Vector3(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

export function legAxis(scene: Scene, centre: Triple): LineSegments {
  const [from, to] = [less(scene.plane.axis[0], centre), less(scene.plane.axis[1], centre)];
  const along = to.clone().sub(from);
  const length = along.length();
  along.normalize();
  const across = less(scene.plane.corners[1] ?? [1, 0, 0], scene.plane.corners[0] ?? [0, 0, 0]).normalize();
  const points: number[] = [];
  const segment = (a: Vector3, b: Vector3): void => {
    points.push(...a.toArray(), ...b.toArray());
  };
  segment(from.clone().addScaledVector(along, -12), to.clone().addScaledVector(along, 12));
  for (let mm = 0; mm <= length; mm += TICK_EVERY_MM) {
    const at = from.clone().addScaledVector(along, mm);
    segment(at.clone().addScaledVector(across, -TICK_MM), at.clone().addScaledVector(across, TICK_MM));
  }
  const geometry = new BufferGeometry().setAttribute("position", new Float32BufferAttribute(points, 3));
  return new LineSegments(geometry, new LineBasicMaterial({ color: 0x8a95a3 }));
}

export class SliceMark {
  readonly group = new Group();
  private readonly step: Vector3;
  private readonly base: Vector3;

  constructor(scene: Scene, centre: Triple) {
    this.step = new Vector3(...scene.plane.step);
    const corners = scene.plane.corners.map((corner) => less(corner, centre));
    this.base = corners[0]?.clone() ?? new Vector3();
    const flat = corners.flatMap((corner) => corner.sub(this.base).toArray());
    const outline = new BufferGeometry().setAttribute("position", new Float32BufferAttribute(flat, 3));
    const filled = outline.clone().setIndex([0, 1, 2, 0, 2, 3]);
    const pane = new Mesh(
      filled,
      new MeshBasicMaterial({ color: 0x1f6feb, transparent: true, opacity: 0.16, side: DoubleSide, depthWrite: false }),
    );
    pane.renderOrder = 3;
    this.group.add(new LineLoop(outline, new LineBasicMaterial({ color: 0x1f6feb })), pane);
    this.group.visible = false;
  }

  show(z: number | null): void {
    this.group.visible = z !== null;
    if (z !== null) this.group.position.copy(this.base).addScaledVector(this.step, z);
  }
}
