/** Where the tasks of a graph are drawn: in layers from left to right, with few crossings. */
import type { Group } from '../../store/group';

/** More are no picture any more. */
export const MOST = 300;
export const NODE = { width: 190, height: 24 };
const GAP = { x: 60, y: 10 };

export interface Layout {
  nodes: { row: number; x: number; y: number }[];
  /** Indexes of nodes: the one that is needed, and the one that needs it. */
  edges: [number, number][];
  width: number;
  height: number;
}

/** The task and what it needs and what needs it, the nearest first, at most `MOST`; `cut` tells whether there are more. */
export function around(group: Group, row: number): { rows: number[]; cut: boolean } {
  const dependents = reversed(group);
  const found = new Set([row]);
  let cut = false;
  const walk = (next: (row: number) => number[]) => {
    let front = [row];
    while (front.length) {
      const fresh = new Set(front.flatMap(next).filter((it) => !found.has(it)));
      front = [];
      for (const it of fresh) {
        if (found.size >= MOST) return void (cut = true);
        found.add(it);
        front.push(it);
      }
    }
  };
  walk((it) => group.deps[it]);
  walk((it) => dependents.get(it) ?? []);
  return { rows: [...found], cut };
}

function reversed(group: Group): Map<number, number[]> {
  const dependents = new Map<number, number[]>();
  group.deps.forEach((needed, row) => {
    for (const it of needed) {
      const list = dependents.get(it);
      if (list) list.push(row);
      else dependents.set(it, [row]);
    }
  });
  return dependents;
}

export function layout(group: Group, rows: number[]): Layout {
  const index = new Map(rows.map((row, at) => [row, at]));
  const edges = rows.flatMap((row, at) => group.deps[row].flatMap((it) => (index.has(it) ? [[index.get(it)!, at] as [number, number]] : [])));
  const before: number[][] = rows.map(() => []);
  const after: number[][] = rows.map(() => []);
  for (const [from, to] of edges) {
    before[to].push(from);
    after[from].push(to);
  }
  const layers = inLayers(before);
  for (let round = 0; round < 4; round++) {
    arrange(layers, before);
    arrange(layers.toReversed(), after);
  }
  const tallest = Math.max(1, ...layers.map((it) => it.length));
  const height = tallest * (NODE.height + GAP.y);
  const nodes: Layout['nodes'] = [];
  layers.forEach((layer, column) => {
    const top = (height - layer.length * (NODE.height + GAP.y)) / 2;
    layer.forEach((node, line) => {
      nodes[node] = { row: rows[node], x: column * (NODE.width + GAP.x), y: top + line * (NODE.height + GAP.y) };
    });
  });
  return { nodes, edges, width: Math.max(1, layers.length) * (NODE.width + GAP.x) - GAP.x, height };
}

/** Each node one layer after the last one that it needs. The queue refuses cycles; a dependency on itself stays in its layer. */
function inLayers(before: number[][]): number[][] {
  const depth: number[] = [];
  const depthOf = (node: number): number => {
    if (depth[node] !== undefined) return depth[node];
    depth[node] = 0;
    return (depth[node] = Math.max(0, ...before[node].map((it) => depthOf(it) + 1)));
  };
  const layers: number[][] = [];
  before.forEach((_, node) => (layers[depthOf(node)] ??= []).push(node));
  return layers;
}

/** Nodes move to the middle of those that they are connected with in the layers before. */
function arrange(layers: number[][], connected: number[][]) {
  const place = new Map<number, number>();
  for (const layer of layers) {
    const middle = new Map(layer.map((node, at) => {
      const places = connected[node].map((it) => place.get(it)).filter((it) => it !== undefined);
      return [node, places.length ? places.reduce((a, b) => a + b, 0) / places.length : at / layer.length];
    }));
    layer.sort((a, b) => middle.get(a)! - middle.get(b)!);
    layer.forEach((node, at) => place.set(node, at / layer.length));
  }
}
