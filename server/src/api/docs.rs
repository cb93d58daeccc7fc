//! `/api/v1/docs`: the document for people, a page of our own without scripts.

use std::fmt::Write as _;

use app::shell::{Crumb, PageInfo, SiteFiles, Viewer, Width, render, shell};
use leptos::{nonce::Nonce, prelude::*};
use serde_json::{Map, Value as Json};

use super::document::METHODS;

/// The page of the document.
pub(crate) fn page(document: &Json, site: &SiteFiles) -> String {
    let main = main(document);
    // Made once: it has neither scripts nor styles in it, and its policy takes none.
    render(site, Viewer::default(), Nonce::new(), || {
        let info = PageInfo {
            title: "REST API".to_owned(),
            crumbs: vec![Crumb::here("REST API")],
            width: Width::Narrow,
            ..PageInfo::default()
        };
        shell(info, view! { <div inner_html=main></div> })
    })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text with `code` in it.
fn prose(text: &str) -> String {
    let parts = escape(text);
    parts
        .split('`')
        .enumerate()
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect()
}

fn text<'j>(json: &'j Json, name: &str) -> &'j str {
    json[name].as_str().unwrap_or_default()
}

// Writing to a String does not fail.
macro_rules! write_html {
    ($html:expr, $($part:tt)*) => { let _ = write!($html, $($part)*); };
}

fn main(document: &Json) -> String {
    let mut html = String::new();
    let info = &document["info"];
    write_html!(html, "<h1>REST API</h1><p>{}</p>", prose(text(info, "description")));
    write_html!(
        html,
        "<p>Everything below stands under <code>/api/v1</code>. The same as an OpenAPI 3.1 document: \
         <a href=\"/api/v1/openapi.json\">openapi.json</a>.</p>"
    );
    let tags: Vec<&Json> = document["tags"].as_array().into_iter().flatten().collect();
    html.push_str("<nav aria-label=\"Operations\"><ul>");
    for tag in &tags {
        let name = text(tag, "name");
        write_html!(html, "<li><a href=\"#{}\">{}</a></li>", anchor(name), escape(name));
    }
    html.push_str("</ul></nav>");
    for tag in tags {
        let name = text(tag, "name");
        write_html!(
            html,
            "<section aria-labelledby=\"{0}\"><h2 id=\"{0}\">{1}</h2><p>{2}</p>",
            anchor(name),
            escape(name),
            prose(text(tag, "description"))
        );
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for method in METHODS {
                let operation = &item[method];
                let is_here = operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == name));
                if is_here {
                    html.push_str(&self::operation(document, method, path, operation));
                }
            }
        }
        html.push_str("</section>");
    }
    html
}

fn anchor(name: &str) -> String {
    name.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '-' }).collect()
}

fn operation(document: &Json, method: &str, path: &str, operation: &Json) -> String {
    let mut html = String::new();
    let id = anchor(&format!("{method}{path}"));
    let method = method.to_uppercase();
    write_html!(
        html,
        "<article aria-labelledby=\"{id}\"><h3 id=\"{id}\"><code>{method} {}</code></h3><p>{} {}</p>",
        escape(path),
        prose(text(operation, "summary")),
        prose(text(operation, "description"))
    );
    let parameters: Vec<&Json> = operation["parameters"].as_array().into_iter().flatten().collect();
    if !parameters.is_empty() {
        html.push_str(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Parameters\"><table class=\"table\"><thead><tr><th scope=\"col\">Parameter</th><th scope=\"col\">In</th>\
             <th scope=\"col\">Meaning</th></tr></thead><tbody>",
        );
        for parameter in parameters {
            let required = if parameter["required"] == true { "" } else { ", optional" };
            write_html!(
                html,
                "<tr><th scope=\"row\"><code>{}</code></th><td>{}{required}</td><td>{}</td></tr>",
                escape(text(parameter, "name")),
                escape(text(parameter, "in")),
                prose(text(parameter, "description"))
            );
        }
        html.push_str("</tbody></table></div>");
    }
    let body = operation["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
    if let Some((kind, content)) = body {
        write_html!(html, "<h4>Body: {}</h4>{}", escape(kind), fields(document, &content["schema"]));
    }
    html.push_str("<h4>Answers</h4><dl>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let label = if status == "default" { "Any other" } else { status };
        write_html!(html, "<dt>{label}</dt><dd>{}", prose(text(response, "description")));
        if status != "default"
            && let Some((_, content)) = response["content"].as_object().and_then(|content| content.iter().next())
        {
            html.push_str(&fields(document, &content["schema"]));
        }
        html.push_str("</dd>");
    }
    html.push_str("</dl>");
    let example = example(document, &method, path, operation, body.map(|(kind, content)| (kind.as_str(), content)));
    write_html!(html, "<h4>Example</h4><pre tabindex=\"0\"><code>{}</code></pre></article>", escape(&example));
    html
}

/// The schema that a schema refers to.
fn resolve<'d>(document: &'d Json, schema: &'d Json) -> &'d Json {
    match schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/components/schemas/")) {
        Some(name) => &document["components"]["schemas"][name],
        None => schema,
    }
}

/// The properties of an object, those of its parts among them.
fn properties<'d>(document: &'d Json, schema: &'d Json, found: &mut Vec<(&'d str, &'d Json, bool)>) {
    let schema = resolve(document, schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        properties(document, part, found);
    }
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        found.push((name, property, required(name)));
    }
}

/// What a value is, in words.
fn kind(schema: &Json) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return name.to_owned();
    }
    for of in ["oneOf", "anyOf"] {
        if let Some(kinds) = schema[of].as_array() {
            return kinds.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    let one = |name: &str| match name {
        "array" => format!("list of {}", kind(&schema["items"])),
        other => other.to_owned(),
    };
    match &schema["type"] {
        Json::String(name) => one(name),
        Json::Array(names) => names.iter().filter_map(Json::as_str).map(one).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    }
}

/// The fields of an object, and its alternatives, as a table.
fn fields(document: &Json, schema: &Json) -> String {
    let resolved = resolve(document, schema);
    let mut found = Vec::new();
    properties(document, resolved, &mut found);
    let mut html = String::new();
    if found.is_empty() {
        write_html!(html, "<p>{}</p>", escape(&kind(schema)));
        return html;
    }
    html.push_str("<ul>");
    for (name, property, required) in found {
        let optional = if required { "" } else { ", optional" };
        write_html!(
            html,
            "<li><code>{}</code> ({}{optional}): {}</li>",
            escape(name),
            escape(&kind(property)),
            prose(text(property, "description"))
        );
    }
    html.push_str("</ul>");
    html
}

/// A call that can be pasted into a shell.
fn example(document: &Json, method: &str, path: &str, operation: &Json, body: Option<(&str, &Json)>) -> String {
    let filled = path
        .replace("{owner}", "local")
        .replace("{dataset}", "bakery")
        .replace("{table}", "breads")
        .replace("{branch}", "spring")
        .replace("{tag}", "v1");
    let needed: Vec<String> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true)
        .map(|parameter| format!("{}=…", text(parameter, "name")))
        .collect();
    let query = if needed.is_empty() { String::new() } else { format!("?{}", needed.join("&")) };
    let mut text = String::from("curl");
    if method != "GET" {
        write_html!(text, " -X {method}");
    }
    match body {
        Some(("application/json", content)) => {
            let value = sample(document, &content["schema"], 0);
            write_html!(text, " -H 'Content-Type: application/json' -d '{value}' \\\n ");
        }
        Some((kind, _)) => {
            write_html!(text, " -H 'Content-Type: {kind}' --data-binary @file.csv \\\n ");
        }
        None => {}
    }
    write_html!(text, " 'http://127.0.0.1:3000/api/v1{filled}{query}'");
    text
}

/// A value that fits a schema: what is required, and lists of one.
fn sample(document: &Json, schema: &Json, depth: usize) -> Json {
    const DEEPEST: usize = 5;
    let schema = resolve(document, schema);
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if depth > DEEPEST {
        return Json::Null;
    }
    if let Some(first) = schema["oneOf"].as_array().and_then(|kinds| kinds.iter().find(|one| one["type"] != "null")) {
        return sample(document, first, depth + 1);
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    let mut found = Vec::new();
    properties(document, schema, &mut found);
    if !found.is_empty() {
        let needed = found.into_iter().filter(|(.., required)| *required);
        let fields = needed.map(|(name, property, _)| (name.to_owned(), sample(document, property, depth + 1)));
        return Json::Object(fields.collect::<Map<_, _>>());
    }
    match schema["type"].as_str() {
        Some("string") => "…".into(),
        Some("integer" | "number") => 1.into(),
        Some("boolean") => true.into(),
        Some("array") => vec![sample(document, &schema["items"], depth + 1)].into(),
        Some("object") => Json::Object(Map::new()),
        _ => Json::Null,
    }
}
