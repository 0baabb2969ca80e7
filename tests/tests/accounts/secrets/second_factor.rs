//! The part of the life that is about second factors: AC-O6, AC-O7.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use portcullis::Clock as _;
use portcullis::mfa::Totp;
use serde_json::{Value, json};

use super::journey::{Answer, Journey};

const GRACE: &str = "grace.hopper@example.com";

/// How long an app shows one code.
const STEP: Duration = Duration::from_secs(30);

impl Journey<'_> {
    /// Somebody makes a second factor, and uses it in every way; it is there when all is searched.
    pub(super) async fn second_factor(&mut self) {
        let password = self.password("fourth-Horse-6battery-staple");
        let bearer = self.proved(password).await;
        let bearer = Some(("authorization", bearer.as_str()));
        let totp = self.enrolled(bearer).await;

        let challenge = self.challenged(password, "cookie").await;
        let wrong = json!({ "challenge": challenge, "code": "not a code" });
        let refused = self.post("/login/totp", None, wrong).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        let body = json!({ "challenge": challenge, "code": self.code(&totp) });
        self.done(Method::POST, "/login/totp", None, body).await;
        let body = json!({ "code": self.code(&totp) });
        let proved = self.done(Method::POST, "/reauthenticate", bearer, body);
        let bearer = format!("Bearer {}", proved.await.text("token"));
        let bearer = Some(("authorization", bearer.as_str()));
        let body = json!({ "code": self.code(&totp) });
        let path = "/2fa/recovery-codes";
        let replaced = self.done(Method::POST, path, bearer, body).await;
        let codes = self.note_codes(&replaced);

        let challenge = self.challenged(password, "token").await;
        let body = json!({ "challenge": challenge, "code": codes[0] });
        self.done(Method::POST, "/login/recovery", None, body).await;
        // One is left that is not answered.
        self.challenged(password, "token").await;
    }

    async fn proved(&mut self, password: &str) -> String {
        let body = json!({ "email": GRACE, "password": password });
        let registered = self.post("/register", None, body).await;
        assert_eq!(registered.status, StatusCode::CREATED, "{registered:?}");
        let body = json!({ "token": self.link(GRACE, "verify_email").await });
        self.done(Method::POST, "/verify-email", None, body).await;
        let body = json!({ "email": GRACE, "password": password });
        let begun = self.done(Method::POST, "/login", None, body).await;
        format!("Bearer {}", begun.text("token"))
    }

    async fn enrolled(&mut self, bearer: Option<(&str, &str)>) -> Totp {
        let path = "/2fa/totp/enroll";
        let shown = self.done(Method::POST, path, bearer, json!({})).await;
        let secret = shown.text("secret");
        self.noted.note("factor's secret", secret);
        let bytes = URL_SAFE_NO_PAD.encode(from_base32(secret));
        self.noted.note("factor's secret, its bytes", &bytes);
        let totp = Totp::from_base32(secret).unwrap();
        let body = json!({ "code": self.code(&totp) });
        let path = "/2fa/totp/activate";
        let activated = self.done(Method::POST, path, bearer, body).await;
        self.note_codes(&activated);
        totp
    }

    async fn challenged(&mut self, password: &str, mode: &str) -> String {
        let body = json!({ "email": GRACE, "password": password, "mode": mode });
        let answer = self.done(Method::POST, "/login", None, body).await;
        let challenge = answer.text("challenge").to_owned();
        self.noted.note("challenge", &challenge);
        challenge
    }

    /// The code of the next moment: each is good once.
    fn code(&self, totp: &Totp) -> String {
        self.world.wait(STEP);
        totp.code_at(self.world.clock.now()).expose().to_owned()
    }

    fn note_codes(&mut self, answer: &Answer) -> Vec<String> {
        let codes = answer.body["recoveryCodes"].as_array().unwrap().iter();
        let codes: Vec<_> = codes
            .map(|code| code.as_str().unwrap().to_owned())
            .collect();
        for code in &codes {
            self.noted.note("recovery code", code);
            self.noted
                .note("recovery code, as it is read", &code.replace('-', ""));
        }
        codes
    }

    async fn done(
        &mut self,
        method: Method,
        path: &str,
        credential: Option<(&str, &str)>,
        body: Value,
    ) -> Answer {
        let answer = self.send(method, path, credential, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
        answer
    }
}

/// RFC 4648 §6, of whole bytes.
fn from_base32(text: &str) -> Vec<u8> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = text.chars().flat_map(|letter| {
        let value = alphabet.find(letter).unwrap();
        (0..5).rev().map(move |bit| u8::from(value >> bit & 1 == 1))
    });
    let bits: Vec<u8> = bits.collect();
    let byte = |bits: &[u8]| bits.iter().fold(0, |byte, bit| byte << 1 | bit);
    bits.chunks_exact(8).map(byte).collect()
}
