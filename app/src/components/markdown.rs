//! What people write, as HTML. Safe by construction: only the elements below are ever written, all text is escaped, and
//! a link leads to the web, to an address for mail, or to a page of ours.

use leptos::prelude::*;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TextMergeStream};

use crate::url;

/// Lists and quotes within each other that are shown as such; what is nested deeper is part of the last.
const MAX_DEPTH: usize = 16;

/// The text as a part of a page; none where there is nothing in it.
#[must_use]
pub fn view(text: &str) -> Option<AnyView> {
    let html = html(text);
    (!html.is_empty()).then(|| view! { <div class="prose" dir="auto" inner_html=html></div> }.into_any())
}

/// The text (CommonMark with tables and strikethrough) as HTML.
#[must_use]
pub fn html(text: &str) -> String {
    let mut writer = Writer::default();
    let events = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    // A name may have what could be markup in it.
    for event in TextMergeStream::new(events) {
        writer.write(event);
    }
    writer.html
}

#[derive(Default)]
struct Writer {
    html: String,
    /// How each element that is open ends; some are not written at all.
    open: Vec<&'static str>,
    is_in_table_head: bool,
}

impl Writer {
    fn write(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(_) => {
                let end = self.open.pop().unwrap_or_default();
                self.is_in_table_head &= end != TABLE_HEAD_END;
                self.html.push_str(end);
            }
            Event::Code(text) => {
                self.html.push_str("<code>");
                self.text(&text);
                self.html.push_str("</code>");
            }
            // People who write a comment mean a line to end where they end it.
            Event::SoftBreak | Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.html.push_str("<hr>"),
            // Markup is shown, not followed.
            Event::Text(text) => self.words(&text),
            Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.text(&text),
            Event::TaskListMarker(done) => self.html.push_str(if done { "[x] " } else { "[ ] " }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let (start, end) = match tag {
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => return self.link(&dest_url),
            Tag::Paragraph | Tag::HtmlBlock => ("<p>", "</p>"),
            // A page and its parts have the first two levels.
            Tag::Heading { level: HeadingLevel::H1, .. } => ("<h3>", "</h3>"),
            Tag::Heading { level: HeadingLevel::H2, .. } => ("<h4>", "</h4>"),
            Tag::Heading { level: HeadingLevel::H3, .. } => ("<h5>", "</h5>"),
            Tag::Heading { .. } => ("<h6>", "</h6>"),
            Tag::BlockQuote(_) => ("<blockquote>", "</blockquote>"),
            Tag::CodeBlock(_) => ("<pre><code>", CODE_END),
            Tag::List(None) => ("<ul>", "</ul>"),
            Tag::List(Some(first)) => {
                let start = format!("<ol start=\"{first}\">");
                return self.element(&start, "</ol>");
            }
            Tag::Item => ("<li>", "</li>"),
            Tag::Table(_) => (
                "<div class=\"scroll\" role=\"group\" aria-label=\"Table\" tabindex=\"0\"><table class=\"data\">",
                TABLE_END,
            ),
            Tag::TableHead => {
                self.is_in_table_head = true;
                ("<thead><tr>", TABLE_HEAD_END)
            }
            Tag::TableRow => ("<tr>", "</tr>"),
            Tag::TableCell if self.is_in_table_head => ("<th scope=\"col\">", "</th>"),
            Tag::TableCell => ("<td>", "</td>"),
            Tag::Emphasis => ("<em>", "</em>"),
            Tag::Strong => ("<strong>", "</strong>"),
            Tag::Strikethrough => ("<del>", "</del>"),
            _ => ("", ""),
        };
        self.element(start, end);
    }

    /// Begins an element, unless it is too deep within others.
    fn element(&mut self, start: &str, end: &'static str) {
        // Half a table would be none: what is in it is no deeper than its cells' text.
        let is_part_of_table = end == "</td>" || end == "</th>" || end == "</tr>" || end == TABLE_HEAD_END;
        let is_shown = is_part_of_table || self.open.iter().filter(|end| !end.is_empty()).count() < MAX_DEPTH;
        if is_shown {
            self.html.push_str(start);
        }
        self.open.push(if is_shown { end } else { "" });
    }

    /// Begins a link; where it may not lead there, or is within another one, only its text is written.
    fn link(&mut self, address: &CowStr<'_>) {
        if self.open.contains(&"</a>") || !is_safe(address) {
            return self.open.push("");
        }
        self.html.push_str("<a rel=\"nofollow ugc noopener\" href=\"");
        self.text(address);
        self.html.push_str("\">");
        self.open.push("</a>");
    }

    /// Text in which `@NAME` is marked, unless it is within a link or code. It is no link: not everybody who reads it may
    /// see the page of who is mentioned.
    fn words(&mut self, text: &str) {
        if self.open.iter().any(|end| matches!(*end, "</a>" | CODE_END)) {
            return self.text(text);
        }
        let mut written = 0;
        for place in hub::mentions(text) {
            self.text(&text[written..place.start]);
            let mention = &text[place.clone()];
            self.html.push_str("<span class=\"mention\">");
            self.text(mention);
            self.html.push_str("</span>");
            written = place.end;
        }
        self.text(&text[written..]);
    }

    fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.html.push_str("&amp;"),
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '"' => self.html.push_str("&quot;"),
                '\'' => self.html.push_str("&#39;"),
                character => self.html.push(character),
            }
        }
    }
}

const CODE_END: &str = "</code></pre>";
const TABLE_HEAD_END: &str = "</tr></thead><tbody>";
const TABLE_END: &str = "</tbody></table></div>";

/// Whether a link may lead there. Browsers drop tabs and line breaks from addresses, so none may be in one.
fn is_safe(address: &str) -> bool {
    let scheme = |scheme: &str| address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let is_ours = address.starts_with('#') || (address.starts_with('/') && url::ours(address) == address);
    !address.chars().any(char::is_control) && (is_ours || scheme("https://") || scheme("http://") || scheme("mailto:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(html(text), expected, "{text}");
    }

    #[test]
    fn what_people_write_is_set() {
        check(
            "Two *lines*\nof **text**, ~~not~~ `a<b`",
            "<p>Two <em>lines</em><br>of <strong>text</strong>, <del>not</del> <code>a&lt;b</code></p>",
        );
        check("# A\n## B\n### C\n###### D", "<h3>A</h3><h4>B</h4><h5>C</h5><h6>D</h6>");
        check("- a\n- b\n\n3. c", "<ul><li>a</li><li>b</li></ul><ol start=\"3\"><li>c</li></ol>");
        check(
            "> a\n\n---\n\n```sql\nselect 1 < 2\n```",
            "<blockquote><p>a</p></blockquote><hr><pre><code>select 1 &lt; 2\n</code></pre>",
        );
        check(
            "| a | b |\n| --- | --: |\n| 1 | 2 |",
            "<div class=\"scroll\" role=\"group\" aria-label=\"Table\" tabindex=\"0\"><table class=\"data\"><thead><tr>\
             <th scope=\"col\">a</th><th scope=\"col\">b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table></div>",
        );
        check(" \n", "");
    }

    #[test]
    fn links_lead_to_the_web_to_mail_and_to_pages_of_ours() {
        let link = |address: &str| format!("<p><a rel=\"nofollow ugc noopener\" href=\"{address}\">x</a></p>");
        for address in
            ["https://example.org/?a=b", "http://example.org", "mailto:ada@example.org", "/local/prices", "#entry-1"]
        {
            check(&format!("[x]({address})"), &link(address));
            check(&format!("![x]({address})"), &link(address));
        }
        check(
            "<https://example.org>",
            "<p><a rel=\"nofollow ugc noopener\" href=\"https://example.org\">https://example.org</a></p>",
        );
        // A picture within a link is the link's text.
        check("[![x](https://example.org/a.png)](/b)", &link("/b"));
        check(
            "[x](https://example.org/?\"onclick=\"alert%281%29)",
            &link("https://example.org/?&quot;onclick=&quot;alert%281%29"),
        );
    }

    #[test]
    fn who_is_mentioned_is_marked_but_in_code_and_links() {
        let ada = "<span class=\"mention\">@ada_x</span>";
        check("See @ada_x, **@ada_x**.", &format!("<p>See {ada}, <strong>{ada}</strong>.</p>"));
        check("`@ada` ada@example.org @sign-in", "<p><code>@ada</code> ada@example.org @sign-in</p>");
        check("```\n@ada\n```", "<pre><code>@ada\n</code></pre>");
        check("[@ada](/b)", "<p><a rel=\"nofollow ugc noopener\" href=\"/b\">@ada</a></p>");
    }

    #[test]
    fn links_lead_nowhere_else() {
        for address in [
            "javascript:alert%281%29",
            "JaVaScRiPt:alert%281%29",
            "&#106;avascript:alert%281%29",
            "java&#10;script:alert%281%29",
            "data:text/html,<script>alert%281%29</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "//example.org",
            "/&#9;/example.org",
            "/\\example.org",
            "relative",
            "",
        ] {
            for text in [format!("[x](<{address}>)"), format!("![x](<{address}>)"), format!("[x]\n\n[x]: <{address}>")]
            {
                assert!(!html(&text).contains("href"), "{text}: {}", html(&text));
            }
        }
    }

    #[test]
    fn markup_is_text() {
        check("a <b>c</b>", "<p>a &lt;b&gt;c&lt;/b&gt;</p>");
        for text in [
            "<script>alert(1)</script>",
            "x <img src=x onerror=alert(1)>",
            "<div>\n<style>*{}</style>\n</div>",
            "`</code><script>alert(1)</script>`",
            "```</code></pre><script>\n</code></pre><script>alert(1)</script>\n```",
            "[</a><script>](https://x \"</a><script>\")",
            "| <script> |\n| --- |\n| </table><script>alert(1)</script> |",
            "<!-- --><script>alert(1)</script>",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "<svg/onload=alert(1)>",
        ] {
            let html = html(text);
            for tag in ["<script", "<img", "<div>", "<style", "<!--", "<svg"] {
                assert!(!html.contains(tag), "{text}: {html}");
            }
        }
    }

    #[test]
    fn elements_end_in_the_order_in_which_they_began() {
        let deep = format!("{}x", ">".repeat(5_000));
        let lists: String = (0..200).map(|depth| format!("{}- x\n", "  ".repeat(depth))).collect();
        for text in [&deep, &lists, "**a *b [c** d* ](/e)", "> | a |\n> | --- |\n> | b |", "- > 1. # x\n"] {
            let html = html(text);
            let mut open = Vec::new();
            for tag in html.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
                let name = tag.split(' ').next().unwrap_or_default();
                match name.strip_prefix('/') {
                    Some(end) => assert_eq!(open.pop(), Some(end), "{html}"),
                    None if matches!(name, "br" | "hr") => {}
                    None => open.push(name),
                }
                assert!(open.len() < 40, "{html}");
            }
            assert!(open.is_empty(), "{html}");
        }
    }
}
