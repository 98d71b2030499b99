import { afterEach, expect, test, vi } from "vitest";

vi.mock("../src/state/app.ts", () => ({ TAB: "tab", who: () => "me", locked: { value: false } }));

/** A server that takes its time over what was drawn, and writes down in which order it had what. */
function slowServer(): { had: string[]; let: () => void } {
  const had: string[] = [];
  let release: () => void = () => undefined;
  vi.stubGlobal("window", { addEventListener: vi.fn(), removeEventListener: vi.fn(), setTimeout });
  vi.stubGlobal("fetch", async (address: string) => {
    if (address.endsWith("/events")) await new Promise<void>((resume) => (release = resume));
    had.push(address.replace("/api/cases/leg/", ""));
    return { ok: true, status: 200, json: async () => ({ files: [], mask: [0, 0, 0, 0, 0, ""] }) };
  });
  return { had, let: () => release() };
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test.each(["propagate", "exports", "findings", "quality", "compare/other", "snap", "seeds"])(
  "%s waits until the server has what was drawn before it",
  async (what) => {
    const server = slowServer();
    const api = await import("../src/api.ts");
    const { Outbox } = await import("../src/state/outbox.ts");
    const outbox = new Outbox("leg", () => undefined);
    outbox.put({ kind: "undo" });
    const asked = {
      propagate: () => api.propagate("leg", {}),
      exports: () => api.exported("leg", "stl"),
      findings: () => api.findings("leg"),
      quality: () => api.quality("leg"),
      "compare/other": () => api.compare("leg", "other"),
      snap: () => api.snapped("leg", 1, 2),
      seeds: () => api.takeSeeds("leg", "tray"),
    }[what]!();
    await new Promise((resume) => setTimeout(resume, 5));
    expect(server.had).toEqual([]);
    server.let();
    await asked;
    expect(server.had).toEqual(["events", what]);
  },
);

test("the browser asks before it closes a page whose work is on its way, and no longer than that", async () => {
  const server = slowServer();
  const { Outbox } = await import("../src/state/outbox.ts");
  const outbox = new Outbox("leg", () => undefined);
  outbox.put({ kind: "undo" });
  const stay = vi.mocked(window.addEventListener).mock.calls[0]!;
  expect(stay[0]).toBe("beforeunload");
  await new Promise((resume) => setTimeout(resume, 5));
  server.let();
  await outbox.settled();
  await new Promise((resume) => setTimeout(resume, 0));
  expect(window.removeEventListener).toHaveBeenCalledWith("beforeunload", stay[1]);
});
