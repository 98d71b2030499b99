// One muscle in the scene: its mesh, a thin dark rim around it, and its two ways of being coloured.
import {
  BackSide,
  BufferAttribute,
  BufferGeometry,
  Color,
  Group,
  Mesh,
  MeshStandardMaterial,
  ShaderMaterial,
  SRGBColorSpace,
} from "three";
import { bytes, type PackedMesh, type Scene, type Triple } from "./payload";

const UNKNOWN: Triple = [176, 176, 176];

function geometryOf(packed: PackedMesh, scene: Scene, centre: Triple): BufferGeometry {
  const steps = new Uint16Array(bytes(packed.positions).buffer);
  const positions = new Float32Array(steps.length);
  for (let i = 0; i < steps.length; i++) {
    const axis = (i % 3) as 0 | 1 | 2;
    positions[i] = scene.low[axis] + (steps[i] ?? 0) * scene.step[axis] - centre[axis];
  }
  const indices = bytes(packed.indices).buffer;
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.setAttribute("normal", new BufferAttribute(new Int8Array(bytes(packed.normals).buffer), 3, true));
  geometry.setIndex(new BufferAttribute(packed.wide ? new Uint32Array(indices) : new Uint16Array(indices), 1));
  if (packed.levels !== null && scene.error !== null) {
    geometry.setAttribute("color", new BufferAttribute(colorsOf(bytes(packed.levels), bytes(scene.error.colors)), 3));
  }
  return geometry;
}

function colorsOf(levels: Uint8Array, table: Uint8Array): Float32Array {
  const colors = new Float32Array(levels.length * 3);
  const color = new Color();
  levels.forEach((level, i) => {
    const [r, g, b] = level === 255 ? UNKNOWN : [table[level * 3] ?? 0, table[level * 3 + 1] ?? 0, table[level * 3 + 2] ?? 0];
    color.setRGB(r / 255, g / 255, b / 255, SRGBColorSpace).toArray(colors, i * 3);
  });
  return colors;
}

export class Muscle {
  readonly name: string;
  readonly color: string;
  readonly group = new Group();
  private readonly mesh: Mesh<BufferGeometry, MeshStandardMaterial>;
  private readonly rim: Mesh<BufferGeometry, ShaderMaterial>;
  private readonly plain: MeshStandardMaterial;
  private readonly byError: MeshStandardMaterial;

  constructor(packed: PackedMesh, scene: Scene, centre: Triple) {
    this.name = packed.name;
    this.color = packed.color;
    const geometry = geometryOf(packed, scene, centre);
    this.plain = new MeshStandardMaterial({ color: packed.color, roughness: 0.58, metalness: 0 });
    this.byError = packed.levels === null
      ? new MeshStandardMaterial({ color: new Color().setRGB(...(UNKNOWN.map((v) => v / 255) as Triple), SRGBColorSpace), roughness: 0.7 })
      : new MeshStandardMaterial({ vertexColors: true, roughness: 0.7 });
    this.mesh = new Mesh(geometry, this.plain);
    this.rim = new Mesh(
      geometry,
      new ShaderMaterial({
        side: BackSide,
        uniforms: { width: { value: 0.5 } },
        // Set back a little, so that it shows beside the muscle and never through its surface.
        vertexShader:
          "uniform float width; void main() { gl_Position = projectionMatrix * modelViewMatrix * vec4(position + normal * width, 1.0); gl_Position.z += 0.003; }",
        fragmentShader: "void main() { gl_FragColor = vec4(0.06, 0.08, 0.11, 1.0); }",
      }),
    );
    this.group.add(this.mesh, this.rim);
  }

  set visible(shown: boolean) {
    this.group.visible = shown;
  }

  /** 0 to 1. A transparent muscle loses its rim, which would show through it. */
  set opacity(value: number) {
    for (const material of [this.plain, this.byError]) {
      material.transparent = value < 1;
      material.depthWrite = value >= 1;
      material.opacity = value;
      material.needsUpdate = true;
    }
    this.mesh.renderOrder = value < 1 ? 2 : 0;
    this.rim.visible = value >= 1;
  }

  set coloredByError(on: boolean) {
    this.mesh.material = on ? this.byError : this.plain;
  }

  set rimWidth(mm: number) {
    const width = this.rim.material.uniforms["width"];
    if (width) width.value = mm;
  }
}
