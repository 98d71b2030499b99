// Work that the server does for the folder: watched until it ends.
import type { Job } from "../api.ts";
import { job } from "../api.ts";

const EVERY_MS = 400;

export async function watch(id: string, tell: (job: Job) => void): Promise<Job> {
  for (;;) {
    const now = await job(id);
    tell(now);
    if (now.state !== "running") return now;
    await new Promise((resume) => window.setTimeout(resume, EVERY_MS));
  }
}
