// A journey is a list of steps, one after the other; each says that it went well.

import { close, open, whereAll } from './visitor.mjs';

// A step that waits in vain fails by its name.
async function inTime(step) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('this takes too long')), 200_000);
  });
  await Promise.race([step, late]).finally(() => clearTimeout(timer));
}

export async function walk(steps) {
  await open();
  try {
    for (const [name, step] of Object.entries(steps)) {
      try {
        await inTime(step());
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
