//! Form fields: label, hint, control and what is wrong, tied together for those who hear the page.

use leptos::prelude::*;

use crate::form::Submitted;

/// How a control is tied to its label, hint and error.
#[derive(Clone, Debug)]
pub struct Wiring {
    /// The control's id.
    pub id: String,
    /// The control's name in the form.
    pub name: String,
    /// The ids of what describes it.
    pub described_by: Option<String>,
    /// `true` when the value was refused.
    pub invalid: Option<&'static str>,
}

/// What stands around a control.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// The control's name in the form.
    pub name: String,
    /// What it asks for.
    pub label: String,
    /// A word beside the label: the type, or that the field may stay empty.
    pub note: String,
    /// How to fill it in.
    pub hint: String,
}

impl Field {
    /// A field with a name and a label.
    pub fn new(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self { name: name.into(), label: label.into(), ..Self::default() }
    }

    /// Adds a word beside the label.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Adds how to fill it in.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The field with its control.
    #[must_use]
    pub fn view(self, form: &Submitted, control: impl FnOnce(Wiring) -> AnyView) -> AnyView {
        let Self { name, label, note, hint } = self;
        let id = id(&name);
        let error = form.error(&name).map(str::to_owned);
        let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
        let described: Vec<_> =
            [(!hint.is_empty()).then(|| hint_id.clone()), error.is_some().then(|| error_id.clone())]
                .into_iter()
                .flatten()
                .collect();
        let control = control(Wiring {
            id: id.clone(),
            name,
            described_by: (!described.is_empty()).then(|| described.join(" ")),
            invalid: error.is_some().then_some("true"),
        });
        view! {
            <div class="field">
                <label class="field__label" for=id>
                    {label}
                    {(!note.is_empty()).then(|| view! { <span class="field__note">{note}</span> })}
                </label>
                {(!hint.is_empty()).then(|| view! { <p class="field__hint" id=hint_id>{hint}</p> })}
                {control}
                {error.map(|error| view! { <p class="field__error" id=error_id>{error}</p> })}
            </div>
        }
        .into_any()
    }

    /// The field with a line of text.
    #[must_use]
    pub fn text(self, form: &Submitted, first: &str, required: bool) -> AnyView {
        let value = form.or(&self.name, first);
        self.view(form, |wiring| line(wiring, "input", value, required))
    }

    /// The field with a name that the browser may fill in: `purpose` is of HTML's autofill names.
    #[must_use]
    pub fn named(self, form: &Submitted, first: &str, purpose: &'static str) -> AnyView {
        let value = form.or(&self.name, first);
        self.view(form, |wiring| input(wiring, "text", value, purpose))
    }

    /// The field with a password, which is never sent back.
    #[must_use]
    pub fn secret(self, form: &Submitted, purpose: &'static str) -> AnyView {
        self.view(form, |wiring| input(wiring, "password", String::new(), purpose))
    }

    /// The field with several lines of text.
    #[must_use]
    pub fn lines(self, form: &Submitted, first: &str, rows: u8, required: bool) -> AnyView {
        let value = form.or(&self.name, first);
        self.view(form, |wiring| textarea(wiring, "input", &value, rows, required))
    }
}

/// The id of the control with this name.
#[must_use]
pub fn id(name: &str) -> String {
    format!("f-{name}")
}

/// A control for a line of text.
#[must_use]
pub fn line(wiring: Wiring, class: &'static str, value: String, required: bool) -> AnyView {
    let Wiring { id, name, described_by, invalid } = wiring;
    view! {
        <input
            class=class
            type="text"
            id=id
            name=name
            value=value
            required=required
            autocomplete="off"
            aria-describedby=described_by
            aria-invalid=invalid
        />
    }
    .into_any()
}

/// A control for a line of text that must be filled in, with texts that it may be.
#[must_use]
pub fn line_of(wiring: Wiring, value: String, texts: Vec<String>) -> AnyView {
    let Wiring { id, name, described_by, invalid } = wiring;
    let list = format!("{id}-list");
    let options: Vec<_> = texts.into_iter().map(|text| view! { <option value=text></option> }).collect();
    view! {
        <input
            class="input"
            type="text"
            list=list.clone()
            id=id
            name=name
            value=value
            required=true
            autocomplete="off"
            aria-describedby=described_by
            aria-invalid=invalid
        />
        <datalist id=list>{options}</datalist>
    }
    .into_any()
}

/// A control for what the browser may know.
fn input(wiring: Wiring, kind: &'static str, value: String, purpose: &'static str) -> AnyView {
    let Wiring { id, name, described_by, invalid } = wiring;
    view! {
        <input
            class="input"
            type=kind
            id=id
            name=name
            value=value
            required=true
            autocomplete=purpose
            autocapitalize="none"
            spellcheck="false"
            aria-describedby=described_by
            aria-invalid=invalid
        />
    }
    .into_any()
}

/// A control for an e-mail address.
#[must_use]
pub fn email(wiring: Wiring, value: String, required: bool) -> AnyView {
    let Wiring { id, name, described_by, invalid } = wiring;
    view! {
        <input
            class="input"
            type="email"
            id=id
            name=name
            value=value
            required=required
            autocomplete="email"
            aria-describedby=described_by
            aria-invalid=invalid
        />
    }
    .into_any()
}

/// A control for a code that is used once; what was typed is not sent back.
#[must_use]
pub fn one_time(wiring: Wiring) -> AnyView {
    input(wiring, "text", String::new(), "one-time-code")
}

/// A control for several lines of text. Leptos writes the children of a textarea as they are, so that a text which
/// closes it could go on with markup of its own; here it is escaped.
#[must_use]
pub fn textarea(wiring: Wiring, class: &'static str, value: &str, rows: u8, required: bool) -> AnyView {
    let Wiring { id, name, described_by, invalid } = wiring;
    view! {
        <textarea
            class=class
            id=id
            name=name
            rows=rows.to_string()
            required=required
            autocomplete="off"
            aria-describedby=described_by
            aria-invalid=invalid
            inner_html=escape_textarea(value)
        ></textarea>
    }
    .into_any()
}

/// The text as the content of a textarea. Browsers drop a newline right after the start tag, so there is one to drop.
fn escape_textarea(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 1);
    escaped.push('\n');
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            // Browsers turn a bare carriage return into a newline while they read the page.
            '\r' => escaped.push_str("&#13;"),
            character => escaped.push(character),
        }
    }
    escaped
}

/// A choice of one out of few: value, text.
#[must_use]
pub fn select(wiring: Wiring, class: &'static str, options: Vec<(String, String)>, chosen: &str) -> AnyView {
    let Wiring { id, name, described_by, invalid } = wiring;
    let options: Vec<_> = options
        .into_iter()
        .map(|(value, text)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{text}</option> }
        })
        .collect();
    view! {
        <select class=class id=id name=name aria-describedby=described_by aria-invalid=invalid>{options}</select>
    }
    .into_any()
}

/// The field that says in which namespace something is made; nothing where there is no choice.
#[must_use]
pub fn namespace(form: &Submitted, namespaces: &[String]) -> Option<AnyView> {
    let first = namespaces.first().filter(|_| namespaces.len() > 1)?;
    let chosen = form.or("owner", first);
    let options = namespaces.iter().map(|name| (name.clone(), name.clone())).collect();
    let field = Field::new("owner", "Whose it is").hint("Yours, or that of an organisation which you own.");
    Some(field.view(form, |wiring| select(wiring, "input", options, &chosen)))
}

/// How addresses in these namespaces look.
#[must_use]
pub fn address_hint(namespaces: &[String]) -> String {
    let owner = match namespaces {
        [only] => only.as_str(),
        _ => "owner",
    };
    format!("Its address will be /{owner}/name. Lower-case letters, digits, hyphens and underscores.")
}

/// What is wrong with a form, at the top of its page, with links to the fields. It takes the focus, so that it is read
/// first.
#[must_use]
pub fn error_summary(form: &Submitted) -> Option<AnyView> {
    if !form.is_refused() {
        return None;
    }
    let problems: Vec<_> = form
        .errors
        .iter()
        .map(|error| {
            let href = format!("#{}", crate::url::encode(&id(&error.field)));
            view! { <li><a href=href>{error.message.clone()}</a></li> }
        })
        .collect();
    let message = form.message.clone().map(|message| view! { <p>{message}</p> });
    let list = (!problems.is_empty()).then(|| view! { <ul>{problems}</ul> });
    Some(
        view! {
            <div class="banner banner--bad" role="alert" tabindex="-1" autofocus=true>
                <div><p><strong>"That could not be saved"</strong></p>{message}{list}</div>
            </div>
        }
        .into_any(),
    )
}

/// The title of a page whose form was refused says so first.
#[must_use]
pub fn title(form: &Submitted, title: &str) -> String {
    if form.is_refused() { format!("Error: {title}") } else { title.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_textarea() {
        let form = Submitted::default();
        let html = Field::new("x", "X").lines(&form, "\n</textarea><script>alert(1)</script>&amp;", 3, false).to_html();
        assert!(!html.contains("<script>"), "{html}");
        assert!(html.contains(">\n\n&lt;/textarea>&lt;script>alert(1)&lt;/script>&amp;amp;</textarea>"), "{html}");
    }

    #[test]
    fn an_error_is_tied_to_its_control() {
        let form = Submitted::new([(String::from("x"), String::from("<b>\""))]).with_error("x", "It is <wrong>.");
        let html = Field::new("x", "X").hint("How.").text(&form, "", true).to_html();
        assert!(html.contains(r#"aria-describedby="f-x-hint f-x-error""#), "{html}");
        assert!(html.contains(r#"aria-invalid="true""#), "{html}");
        assert!(html.contains(r#"value="&lt;b&gt;&quot;""#), "{html}");
        assert!(html.contains("It is &lt;wrong&gt;."), "{html}");
    }
}
