// An authenticator app that is not ours: zbarimg reads the picture, oathtool makes the codes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';

const STEP = 30;

export class Authenticator {
  #last = 0;

  // What the QR code in a picture says.
  scan(png) {
    const read = execFileSync('zbarimg', ['-q', '--raw', '-Sdisable', '-Sqrcode.enable', 'png:-'], {
      input: png, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.uri = new URL(read.trim());
    assert.equal(this.uri.protocol, 'otpauth:');
    assert.equal(this.uri.host, 'totp');
    this.secret = this.uri.searchParams.get('secret');
    assert.match(this.secret, /^[A-Z2-7]{32}$/, '160 bits of base32');
  }

  #at(step) {
    const arguments_ = ['--totp=sha1', '-b', '-N', `@${step * STEP}`, this.secret];
    return execFileSync('oathtool', arguments_, { encoding: 'utf8' }).trim();
  }

  // A code of a step that no code was made of before, for each is good once. One step of drift is allowed either way, and each code is
  // good for another quarter of a minute, which a busy machine may need; only where these are used up, time has to pass.
  async code() {
    for (;;) {
      const now = Date.now() / 1000;
      const current = Math.floor(now / STEP);
      const left = STEP - (now % STEP);
      const candidates = [...(left > STEP / 2 ? [current - 1] : []), current, current + 1];
      const step = candidates.find((one) => one > this.#last);
      if (step) {
        this.#last = step;
        return this.#at(step);
      }
      await wait(left * 1000 + 50);
    }
  }

  // A code that is none of those that are good about now.
  wrong() {
    const current = Math.floor(Date.now() / 1000 / STEP);
    const good = [-2, -1, 0, 1, 2].map((drift) => this.#at(current + drift));
    return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !good.includes(code));
  }
}
