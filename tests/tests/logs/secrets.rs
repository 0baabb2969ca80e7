//! What must not be in any log, and the search for it.

use std::collections::HashSet;

use crate::capture::Line;

/// This much of a secret is too much.
const FRAGMENT: usize = 12;

/// The secrets of a run, each with a name to complain by.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    /// Remembers a secret.
    pub(crate) fn plant(&mut self, name: &'static str, secret: impl Into<String>) -> String {
        let secret = secret.into();
        assert!(secret.is_ascii() && secret.len() >= FRAGMENT, "{name}");
        self.0.push((name, secret.clone()));
        secret
    }

    /// Which secrets, or fragments of them, stand in the log. `public` are parts that are no secrets.
    pub(crate) fn leaks(&self, log: &[Line], public: &[String]) -> Vec<String> {
        let texts = || log.iter().flat_map(|line| &line.fields);
        let mut logged = HashSet::new();
        for (_, text) in texts() {
            logged.extend(text.as_bytes().windows(FRAGMENT));
        }
        let is_public = |fragment: &str| public.iter().any(|part| part.contains(fragment));
        let mut leaks = Vec::new();
        for (name, secret) in &self.0 {
            let fragments = (0..=secret.len() - FRAGMENT).map(|at| &secret[at..at + FRAGMENT]);
            let found = fragments.filter(|fragment| !is_public(fragment));
            let found = found.filter(|fragment| logged.contains(fragment.as_bytes()));
            leaks.extend(found.take(1).map(|fragment| {
                let line = log.iter().find(|line| has(line, fragment));
                format!("{name}: {fragment} in {line:?}")
            }));
        }
        leaks
    }
}

fn has(line: &Line, fragment: &str) -> bool {
    line.fields.iter().any(|(_, text)| text.contains(fragment))
}

/// The lines that could forge another one, or play with a terminal.
pub(crate) fn with_control_characters(log: &[Line]) -> Vec<&Line> {
    let forges = |line: &&Line| {
        let mut texts = line.fields.iter();
        texts.any(|(_, text)| text.chars().any(char::is_control))
    };
    log.iter().filter(forges).collect()
}
