//! Whether a password resembles a word that is known about the user or the service.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// The comparisons are quadratic; longer texts are not compared (Ory Kratos has the same bound).
const MAX_COMPARED: usize = 256;
/// Fewer edits than this make a password similar (Ory Kratos).
const MIN_DISTANCE: usize = 5;
/// Shorter parts are in too many words to mean anything.
const MIN_PART: usize = 4;
/// What must be left of a password when a known word is taken out (the least length of ASVS 5.0 6.2.1).
const MIN_REST: usize = 8;

/// A password, ready to be compared with several words.
pub(super) struct Similarity(Zeroizing<Vec<char>>);

impl Similarity {
    pub(super) fn of(password: &str) -> Self {
        Self(Zeroizing::new(fold(password, MAX_COMPARED + 1)))
    }

    /// Whether the password resembles the word or one of its parts, case aside.
    pub(super) fn to(&self, word: &str) -> bool {
        if self.0.is_empty() || self.0.len() > MAX_COMPARED {
            return false;
        }
        let word = fold(word, MAX_COMPARED);
        let parts = word.split(|character| !character.is_alphanumeric());
        self.to_text(&word)
            || parts
                .filter(|part| part.len() >= MIN_PART)
                .any(|part| self.to_text(part))
    }

    fn to_text(&self, text: &[char]) -> bool {
        !text.is_empty() && (self.is_close(text) || self.shares_half(text) || self.is_padded(text))
    }

    /// A few edits away; fewer for a password so short that five edits would make anything of it.
    fn is_close(&self, text: &[char]) -> bool {
        let least = MIN_DISTANCE.min(self.0.len() / 2 + 1);
        self.0.len().abs_diff(text.len()) < least && distance(&self.0, text) < least
    }

    /// More than half of the password is in the word.
    fn shares_half(&self, text: &[char]) -> bool {
        longest_common(&self.0, text) * 2 > self.0.len()
    }

    /// The word, and too little beside it.
    fn is_padded(&self, text: &[char]) -> bool {
        if text.len() < MIN_PART {
            return false;
        }
        let taken = occurrences(&self.0, text) * text.len();
        taken > 0 && self.0.len() - taken < MIN_REST
    }
}

fn fold(text: &str, limit: usize) -> Vec<char> {
    let mut folded = Vec::with_capacity(limit);
    folded.extend(text.nfkc().flat_map(char::to_lowercase).take(limit));
    folded
}

/// Levenshtein's distance, one row at a time.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

/// The length of the longest common run of characters.
fn longest_common(left: &[char], right: &[char]) -> usize {
    let mut longest = 0;
    let mut row = vec![0; right.len() + 1];
    for from in left {
        let mut diagonal = 0;
        for (column, to) in right.iter().enumerate() {
            let run = if from == to { diagonal + 1 } else { 0 };
            diagonal = std::mem::replace(&mut row[column + 1], run);
            longest = longest.max(run);
        }
    }
    longest
}

/// How many times `part` is in `text`, without overlap.
fn occurrences(text: &[char], part: &[char]) -> usize {
    let (mut count, mut rest) = (0, text);
    while let Some(at) = rest.windows(part.len()).position(|window| window == part) {
        count += 1;
        rest = &rest[at + part.len()..];
    }
    count
}

#[cfg(test)]
mod tests {
    use super::{distance, longest_common, occurrences};

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn distances_are_levenshteins() {
        for (left, right, expected) in [
            ("kitten", "sitting", 3),
            ("", "abc", 3),
            ("flaw", "lawn", 2),
            ("same", "same", 0),
        ] {
            assert_eq!(
                distance(&chars(left), &chars(right)),
                expected,
                "{left} {right}"
            );
            assert_eq!(
                distance(&chars(right), &chars(left)),
                expected,
                "{right} {left}"
            );
        }
    }

    #[test]
    fn common_runs_are_contiguous() {
        for (left, right, expected) in [
            ("abcdef", "zcdez", 3),
            ("abab", "baba", 3),
            ("abc", "xyz", 0),
            ("", "a", 0),
        ] {
            assert_eq!(
                longest_common(&chars(left), &chars(right)),
                expected,
                "{left} {right}"
            );
        }
    }

    #[test]
    fn occurrences_do_not_overlap() {
        assert_eq!(occurrences(&chars("aaaa"), &chars("aa")), 2);
        assert_eq!(occurrences(&chars("acme-acme"), &chars("acme")), 2);
        assert_eq!(occurrences(&chars("ac"), &chars("acme")), 0);
    }
}
