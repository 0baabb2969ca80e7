//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers), and the older fields that clients still read.

use std::fmt::Write as _;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::judge::Judged;
use super::rule::Rule;

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// What is said to clients about their quotas.
#[derive(Debug, Clone, Default)]
pub(super) struct Manner {
    /// `RateLimit-Policy`: the same for all requests, so it is written once.
    policy: Option<HeaderValue>,
    /// Each rule's name, quoted.
    names: Vec<String>,
    pub(super) on_allowed: bool,
    pub(super) legacy: bool,
}

/// The fields for one response.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    policy: Option<HeaderValue>,
    limit: Option<HeaderValue>,
    legacy: Option<[u64; 3]>,
}

impl Manner {
    /// Brings `RateLimit-Policy` up to date with the rules.
    pub(super) fn describe(&mut self, rules: &[Rule]) {
        let mut line = String::new();
        self.names = rules
            .iter()
            .map(|rule| quoted(rule.quota().name()))
            .collect();
        for (rule, name) in rules.iter().zip(&self.names) {
            if rule.is_shadow() {
                continue;
            }
            let quota = rule.quota();
            let window = seconds(quota.window()).max(1);
            separate(&mut line);
            let _ = write!(line, "{name};q={};w={window}", quota.amount());
        }
        self.policy = HeaderValue::try_from(line)
            .ok()
            .filter(|line| !line.is_empty());
    }

    /// The fields of a response to this request, if it gets any.
    pub(super) fn fields(&self, judged: &Judged<'_>) -> Option<Box<Fields>> {
        let is_allowed = judged.decision.is_allowed();
        if is_allowed && !self.on_allowed {
            return None;
        }
        Some(Box::new(Fields {
            policy: self.policy.clone(),
            limit: HeaderValue::try_from(self.limit_line(judged)).ok(),
            legacy: legacy(judged).filter(|_| self.legacy),
        }))
    }

    /// Of a refused request, only the policies that refused it are told, each with the time after which it would let the same
    /// request pass: `Retry-After` must not lie before `t`, and the whole quota of another policy may take a day to come back.
    fn limit_line(&self, judged: &Judged<'_>) -> String {
        let is_allowed = judged.decision.is_allowed();
        let mut line = String::with_capacity(48);
        for (rule, outcome) in judged.outcomes() {
            if outcome.is_allowed() != is_allowed {
                continue;
            }
            let (remaining, time) = match is_allowed {
                true => (outcome.remaining(), outcome.reset()),
                false => (0, outcome.retry_after()),
            };
            separate(&mut line);
            let _ = write!(
                line,
                "{};r={remaining};t={}",
                self.names[rule],
                seconds(time)
            );
        }
        line
    }
}

/// Nothing, where no rule applies.
fn legacy(judged: &Judged<'_>) -> Option<[u64; 3]> {
    let decision = judged.decision;
    let (remaining, time) = match decision.is_allowed() {
        true => (decision.remaining(), decision.reset()),
        false => (0, decision.retry_after()),
    };
    let numbers = [decision.limit().into(), remaining.into(), seconds(time)];
    judged.outcomes().next().map(|_| numbers)
}

impl Fields {
    /// Several layers may each say something: the two fields are lists, and each layer adds its own.
    pub(super) fn write_to(self, headers: &mut HeaderMap) {
        if let Some(policy) = self.policy {
            headers.append(&POLICY, policy);
        }
        if let Some(limit) = self.limit.filter(|limit| !limit.is_empty()) {
            headers.append(&LIMIT, limit);
        }
        if let Some([limit, remaining, reset]) = self.legacy {
            headers.insert("x-ratelimit-limit", limit.into());
            headers.insert("x-ratelimit-remaining", remaining.into());
            headers.insert("x-ratelimit-reset", reset.into());
        }
    }
}

fn separate(line: &mut String) {
    if !line.is_empty() {
        line.push_str(", ");
    }
}

/// A String of RFC 9651 §3.3.3; what it cannot hold becomes `_`.
fn quoted(text: &str) -> String {
    let mut string = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => string.extend(['\\', letter]),
            ' '..='~' => string.push(letter),
            _ => string.push('_'),
        }
    }
    string.push('"');
    string
}

/// Whole seconds, rounded up.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
