//! Text as HTML: markup in it is shown, not meant, and what HTML forbids is a sign that something was there.

use maud::{Markup, Render, html};

use crate::report::row::RowCell;

/// A part of the page, and what stands over it.
pub(super) fn section(id: &str, heading: &str, inner: &Markup) -> Markup {
    html! { section aria-labelledby=(id) { h2 id=(id) { (heading) } (inner) } }
}

/// Appends text as HTML.
pub(super) fn escape(text: &str, out: &mut String) {
    let mut plain_from = 0;
    for (place, c) in text.char_indices() {
        let entity = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#39;",
            '\t' | '\n' | '\r' => " ",
            // Forbidden in HTML, or bidi controls, which would reorder what stands beside them.
            '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => "\u{fffd}",
            _ => continue,
        };
        out.push_str(&text[plain_from..place]);
        out.push_str(entity);
        plain_from = place + c.len_utf8();
    }
    out.push_str(&text[plain_from..]);
}

/// The same, as a text.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(text, &mut out);
    out
}

/// Text from data, on its way into markup.
pub(super) struct ShownText<'a>(pub(super) &'a str);

impl Render for ShownText<'_> {
    fn render_to(&self, out: &mut String) {
        escape(self.0, out);
    }
}

impl Render for RowCell {
    fn render_to(&self, out: &mut String) {
        escape(&self.to_string(), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        assert_eq!(
            escaped("<b>\"O'Brien\" & \u{1}Žo\nfie\u{202e}</b>"),
            "&lt;b&gt;&quot;O&#39;Brien&quot; &amp; \u{fffd}Žo fie\u{fffd}&lt;/b&gt;"
        );
    }
}
