use std::fmt;

/// A mail as a server has it.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ReceivedMail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Header and body, with line feeds only, its stuffed dots taken out.
    pub data: String,
}

impl ReceivedMail {
    /// A field of the header as it was sent, its lines joined; the first, if there are several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.data.split("\n\n").next().unwrap_or_default();
        let mut lines = head.lines().skip_while(|line| {
            let field = line.split_once(':');
            !field.is_some_and(|(field, _)| field.eq_ignore_ascii_case(name))
        });
        let (_, first) = lines.next()?.split_once(':')?;
        let more = lines.take_while(|line| line.starts_with([' ', '\t']));
        Some(more.fold(first.trim().to_owned(), |text, line| {
            text + " " + line.trim()
        }))
    }

    /// How many fields of this name the header has.
    #[must_use]
    pub fn count_headers(&self, name: &str) -> usize {
        let head = self.data.split("\n\n").next().unwrap_or_default();
        let fields = head.lines().filter_map(|line| line.split_once(':'));
        let named = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        named.count()
    }
}

impl fmt::Debug for ReceivedMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedMail")
            .field("to", &self.to)
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}
