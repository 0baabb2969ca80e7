// The accounts, as this server serves them. The session is in a cookie that no script can read.

const collection = `/api/${document.body.dataset.collection}`;

// What the server refuses, with the code that says why.
export class Refusal extends Error {
  constructor(problem) {
    const reasons = problem.reasons ? ` (${problem.reasons.join(', ')})` : '';
    super(`${problem.detail ?? problem.title}${reasons}`);
    this.code = problem.code;
  }
}

export async function call(method, path, members) {
  const options = { method };
  if (members) {
    options.headers = { 'Content-Type': 'application/json' };
    options.body = JSON.stringify(members);
  }
  const response = await fetch(collection + path, options);
  const answer = response.status === 204 ? undefined : await response.json();
  if (!response.ok) {
    throw new Refusal(answer);
  }
  return answer;
}

// A login with a provider begins by going there, and ends here.
export function start(provider) {
  return `${collection}/oauth/${provider}/start?mode=cookie&redirectTo=/`;
}
