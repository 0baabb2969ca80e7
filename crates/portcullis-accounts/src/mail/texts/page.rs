use std::fmt::Write as _;

use super::{Letter, moment};
use crate::mail::Message;

/// A language.
pub(super) struct Tongue {
    /// Its BCP 47 tag.
    pub(super) language: &'static str,
    /// What stands before the service's name.
    pub(super) of: &'static str,
    /// What stands before the link where it is spelled out.
    pub(super) hint: &'static str,
    /// What stands before the time.
    pub(super) when: &'static str,
    /// What is said, given the service's name with what stands before it.
    pub(super) words: for<'a> fn(&'a Message, &str) -> Words<'a>,
}

/// What a mail says.
pub(super) struct Words<'a> {
    pub(super) subject: &'static str,
    pub(super) before: String,
    /// What stands on the link, and where it leads.
    pub(super) link: Option<(&'static str, &'a str)>,
    pub(super) after: &'static str,
}

/// A mail as it is laid out, whatever its language: some paragraphs, a link, and some more paragraphs.
pub(super) struct Page<'a> {
    language: &'static str,
    subject: String,
    before: String,
    link: Option<Button<'a>>,
    after: Vec<String>,
}

/// A link, and what stands on it.
struct Button<'a> {
    label: &'static str,
    hint: &'static str,
    url: &'a str,
}

const BODY: &str =
    "margin:0;padding:24px;font:16px/1.5 sans-serif;color:#1a1a1a;background:#ffffff";
const BUTTON: &str = "display:inline-block;padding:12px 20px;border-radius:4px;background:#1a4f8b;color:#ffffff;text-decoration:none";

impl<'a> Page<'a> {
    pub(super) fn new(letter: &Letter<'a>, tongue: &Tongue) -> Self {
        let service = Some(letter.service).filter(|name| !name.is_empty());
        let of = service.map(|name| format!("{}{name}", tongue.of));
        let words = (tongue.words)(letter.message, &of.unwrap_or_default());
        let more = Some(words.after).filter(|text| !text.is_empty());
        let when = format!("{} {}.", tongue.when, moment(letter.at));
        let mut after: Vec<String> = more.map(str::to_owned).into_iter().collect();
        after.push(when);
        after.extend(service.map(|name| format!("— {name}")));
        Self {
            language: tongue.language,
            subject: match service {
                Some(name) => format!("{name}: {}", words.subject),
                None => words.subject.to_owned(),
            },
            before: words.before,
            link: words.link.map(|(label, url)| Button {
                label,
                hint: tongue.hint,
                url,
            }),
            after,
        }
    }

    /// One line, whatever the service is called.
    pub(super) fn subject(&self) -> String {
        let letters = self.subject.chars();
        letters
            .map(|letter| match letter.is_control() {
                true => ' ',
                false => letter,
            })
            .collect()
    }

    /// For readers of plain text: the link on a line of its own.
    pub(super) fn text(&self) -> String {
        let link = self.link.as_ref().map(|link| link.url);
        let after = self.after.iter().map(String::as_str);
        let first = std::iter::once(self.before.as_str());
        let paragraphs: Vec<&str> = first.chain(link).chain(after).collect();
        paragraphs.join("\n\n") + "\n"
    }

    /// For readers of HTML: nothing in it is fetched from anywhere, and the link is there to be read as well.
    pub(super) fn html(&self) -> String {
        let mut html = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n<body style=\"{BODY}\">\n",
            self.language,
            Escaped(&self.subject()),
        );
        paragraphs(&mut html, std::slice::from_ref(&self.before));
        if let Some(link) = &self.link {
            let url = Escaped(link.url);
            let (label, hint) = (Escaped(link.label), Escaped(link.hint));
            let _ = write!(
                html,
                "<p><a href=\"{url}\" rel=\"noreferrer\" style=\"{BUTTON}\">{label}</a></p>\n<p>{hint}<br>{url}</p>\n"
            );
        }
        paragraphs(&mut html, &self.after);
        html.push_str("</body>\n</html>\n");
        html
    }
}

fn paragraphs(html: &mut String, texts: &[String]) {
    for text in texts {
        let _ = writeln!(html, "<p>{}</p>", Escaped(text));
    }
}

/// A text that means itself wherever it stands in HTML, within quotes and without.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
