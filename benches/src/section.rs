//! A section of a page that is written by a bench of its own.

/// The section under this title, from its heading to the next, or to the end of the page.
#[must_use]
pub fn section<'a>(page: &'a str, title: &str) -> Option<&'a str> {
    let heading = format!("\n## {title}\n");
    let begin = page.find(&heading)? + 1;
    let rest = &page[begin..];
    let end = rest.find("\n## ").map_or(rest.len(), |end| end + 1);
    Some(&rest[..end])
}

/// The page with this section in the place of the one under the same title, or at its end.
#[must_use]
pub fn with_section(page: &str, title: &str, new: &str) -> String {
    let new = format!("{}\n", new.trim_end());
    match section(page, title) {
        Some(old) if page.ends_with(old) => page.replacen(old, &new, 1),
        Some(old) => page.replacen(old, &format!("{new}\n"), 1),
        None => format!("{}\n\n{new}", page.trim_end()),
    }
}
