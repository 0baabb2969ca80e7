// What a journey is told: JSON in the variable JOURNEY. One that does not end is ended.

export const settings = JSON.parse(process.env.JOURNEY);

setTimeout(() => {
  console.error('the journey takes too long');
  process.exit(1);
}, 480_000).unref();
