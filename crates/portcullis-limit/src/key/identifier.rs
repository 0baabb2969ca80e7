use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// Brings an identifier that people type (a login name, an e-mail address) into one form, so that its variants share a counter.
///
/// Compatibility-normalised (NFKC), trimmed, case-folded in full (Unicode 3.13, D146), without characters that are not seen; the
/// host of an e-mail address in the ASCII form of IDNA (UTS 46). It is for counting, not for looking an account up: it may make
/// two identifiers equal that are not, never the other way round, as long as the look-up is no more forgiving than that.
///
/// ```
/// use portcullis_limit::normalize_identifier;
///
/// assert_eq!(normalize_identifier("  Straße@MÜNCHEN.example "), "strasse@xn--mnchen-3ya.example");
/// assert_eq!(normalize_identifier("ＡＬＩＣＥ"), "alice");
/// ```
#[must_use]
pub fn normalize_identifier(identifier: &str) -> String {
    let mut normal = normalize_once(identifier);
    // The parts are put together again, and what met at the seams may fold, compose or be trimmed once more.
    for _ in 1..MOST_ROUNDS {
        let again = normalize_once(&normal);
        if again == normal {
            break;
        }
        normal = again;
    }
    normal
}

/// Two rounds settle all but contrived identifiers; the bound is for what nobody has thought of.
const MOST_ROUNDS: usize = 8;

fn normalize_once(identifier: &str) -> String {
    let folded = fold(identifier);
    let folded = folded.trim();
    match folded.rsplit_once('@') {
        Some((local, host)) => format!("{}@{}", local.trim_end(), ascii_host(host)),
        None => folded.to_owned(),
    }
}

/// The toolkit of Unicode's compatibility caseless matching, brought to NFKC at the end. Folding once may leave something that
/// folds again (a letter within a compatibility character), so it is done twice, as the definition has it.
fn fold(text: &str) -> String {
    let seen = text.chars().filter(|&letter| !is_ignorable(letter));
    let once = seen.nfd().default_case_fold().nfkd();
    let twice = once.default_case_fold().nfkc();
    twice.filter(|&letter| !is_ignorable(letter)).collect()
}

/// A host that is no name (an address in brackets, or nonsense) stays as it is.
fn ascii_host(host: &str) -> String {
    let host = host.trim_start();
    // The dot of the root says nothing, however often it stands there and whatever stands between.
    let host = host.trim_end_matches(|letter: char| letter == '.' || letter.is_whitespace());
    idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_owned())
}

/// Unicode's `Default_Ignorable_Code_Point`: what is not shown, and what some look-ups leave out. NUL and its like are dropped
/// as well.
fn is_ignorable(letter: char) -> bool {
    matches!(letter,
        '\u{0}'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}
