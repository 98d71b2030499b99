// What the page hands over: JSON in a script element, arrays packed in base64.

export type Triple = [number, number, number];

export interface PackedMesh {
  name: string;
  color: string;
  positions: string;
  normals: string;
  indices: string;
  wide: boolean;
  levels: string | null;
}

export interface NamedView {
  name: string;
  towards: Triple;
  up: Triple;
}

export interface Scene {
  low: Triple;
  step: Triple;
  meshes: PackedMesh[];
  axes: string[];
  views: NamedView[];
  plane: { corners: Triple[]; step: Triple; axis: [Triple, Triple] };
  error: { low: number; high: number; colors: string; ticks: number[] } | null;
}

export interface Profile {
  name: string;
  color: string;
  z: number[];
  mm: number[];
  cm2: (number | null)[];
  percent: number[];
  reference: (number | null)[] | null;
}

export interface Payload {
  scene: Scene | null;
  profiles: Profile[];
}

export function readPayload(): Payload {
  const element = document.getElementById("report-data");
  return JSON.parse(element?.textContent ?? '{"scene":null,"profiles":[]}') as Payload;
}

export function bytes(packed: string): Uint8Array<ArrayBuffer> {
  const text = atob(packed);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}
