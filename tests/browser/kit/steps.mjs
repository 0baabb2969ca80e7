// A journey is a list of steps, one after the other; each says that it went well.

import { close, open, whereAll } from './visitor.mjs';

export async function walk(steps) {
  await open();
  try {
    for (const [name, step] of Object.entries(steps)) {
      try {
        await step();
      } catch (error) {
        console.error(`not ok: ${name}`, await whereAll());
        throw error;
      }
      console.log(`ok: ${name}`);
    }
  } finally {
    await close();
  }
}
