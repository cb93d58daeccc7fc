//! A client of the API that holds every answer against the document: is the operation there, is the status, does the
//! answer's JSON fit the schema.

use std::{cell::RefCell, collections::BTreeSet};

use serde_json::{Value, json};

use super::{Answer, Server};

pub struct Api<'s> {
    server: &'s Server,
    pub document: Value,
    pub called: RefCell<BTreeSet<String>>,
}

pub const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

impl<'s> Api<'s> {
    pub fn new(server: &'s Server) -> Self {
        let answer = server.get("/api/v1/openapi.json");
        assert_eq!(answer.status, 200, "{}", answer.body);
        Self { server, document: answer.json(), called: RefCell::default() }
    }

    /// All operations, as `get /datasets/{owner}`.
    pub fn operations(&self) -> BTreeSet<String> {
        let paths = self.document["paths"].as_object().expect("paths");
        paths
            .iter()
            .flat_map(|(path, item)| {
                METHODS
                    .iter()
                    .filter(|method| item.get(**method).is_some())
                    .map(move |method| format!("{method} {path}"))
            })
            .collect()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], None)
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, &[], Some(body))
    }

    /// Asks, and checks the answer.
    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let text = body.map(|body| body.to_string());
        let mut headers = headers.to_vec();
        if text.is_some() {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, path, &headers, text.as_deref().map(str::as_bytes))
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let answer = self.server.call(method, &format!("/api/v1{path}"), headers, body);
        let template = self.template(path.split('?').next().unwrap_or_default());
        let name = format!("{} {template}", method.to_lowercase());
        let operation = &self.document["paths"][&template][method.to_lowercase()];
        assert!(operation.is_object(), "{name} is not in the document");
        let responses = &operation["responses"];
        let status = answer.status.to_string();
        let response = responses.get(&status).unwrap_or(&responses["default"]);
        if answer.status < 400 {
            assert!(responses.get(&status).is_some(), "{name} answers {status}, which its document does not have");
            self.called.borrow_mut().insert(name.clone());
        }
        let kind = answer.header("content-type").split(';').next().unwrap_or_default().to_owned();
        match response["content"].as_object() {
            Some(content) => {
                let content = content.get(&kind);
                let content = content.unwrap_or_else(|| panic!("{name} {status} answers {kind}: {}", answer.body));
                if kind == "application/json" || kind == "application/problem+json" {
                    let mut faults = Vec::new();
                    fit(&self.document, &content["schema"], &answer.json(), "", &mut faults);
                    assert!(faults.is_empty(), "{name} {status}: {faults:#?}\n{}", answer.body);
                }
            }
            None => assert_eq!(answer.body, "", "{name} {status} has a body that is not in its document"),
        }
        answer
    }

    fn template(&self, path: &str) -> String {
        let parts: Vec<&str> = path.split('/').collect();
        let mut found: Vec<&String> = self.document["paths"]
            .as_object()
            .expect("paths")
            .keys()
            .filter(|template| {
                let wanted: Vec<&str> = template.split('/').collect();
                wanted.len() == parts.len()
                    && wanted.iter().zip(&parts).all(|(wanted, part)| wanted.starts_with('{') || wanted == part)
            })
            .collect();
        // The one with the fewest blanks is meant.
        found.sort_by_key(|template| template.matches('{').count());
        found.first().map(|template| (*template).clone()).unwrap_or_else(|| panic!("{path} is not in the document"))
    }
}

/// Whether a value fits a schema of the subset that the document uses; a keyword that is not known here is a fault, so that
/// none is passed over.
pub fn fit(document: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else {
        if schema != &json!(true) && !schema.is_null() {
            faults.push(format!("{at}: {schema} is no schema"));
        }
        return;
    };
    let tries = |schemas: &Value| {
        let schemas = schemas.as_array().cloned().unwrap_or_default();
        let fits = |one: &Value| {
            let mut faults = Vec::new();
            fit(document, one, value, at, &mut faults);
            faults.is_empty()
        };
        schemas.iter().filter(|one| fits(one)).count()
    };
    for (keyword, what) in schema {
        match keyword.as_str() {
            "$ref" => {
                let name = what.as_str().and_then(|name| name.strip_prefix("#/components/schemas/"));
                let target = name.and_then(|name| document["components"]["schemas"].get(name));
                match target {
                    Some(target) => fit(document, target, value, at, faults),
                    None => faults.push(format!("{at}: {what} leads nowhere")),
                }
            }
            "type" => {
                let is = |name: &Value| match name.as_str() {
                    Some("null") => value.is_null(),
                    Some("object") => value.is_object(),
                    Some("array") => value.is_array(),
                    Some("string") => value.is_string(),
                    Some("boolean") => value.is_boolean(),
                    Some("integer") => value.is_i64() || value.is_u64(),
                    Some("number") => value.is_number(),
                    _ => false,
                };
                let fits = match what {
                    Value::Array(names) => names.iter().any(is),
                    name => is(name),
                };
                if !fits {
                    faults.push(format!("{at}: {value} is no {what}"));
                }
            }
            "properties" => {
                for (name, property) in what.as_object().into_iter().flatten() {
                    if let Some(value) = value.get(name) {
                        fit(document, property, value, &format!("{at}/{name}"), faults);
                    }
                }
            }
            "required" => {
                for name in what.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    if value.is_object() && value.get(name).is_none() {
                        faults.push(format!("{at}: {name} is missing"));
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (name, value) in value.as_object().into_iter().flatten() {
                    if known.is_some_and(|known| known.contains_key(name)) {
                        continue;
                    }
                    if what == &json!(false) {
                        faults.push(format!("{at}: {name} should not be there"));
                    } else {
                        fit(document, what, value, &format!("{at}/{name}"), faults);
                    }
                }
            }
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    fit(document, what, value, &format!("{at}/{index}"), faults);
                }
            }
            "allOf" => {
                for one in what.as_array().into_iter().flatten() {
                    fit(document, one, value, at, faults);
                }
            }
            "oneOf" => {
                if tries(what) != 1 {
                    faults.push(format!("{at}: {value} fits {} of {what}", tries(what)));
                }
            }
            "anyOf" => {
                if tries(what) == 0 {
                    faults.push(format!("{at}: {value} fits none of {what}"));
                }
            }
            "enum" => {
                if !what.as_array().is_some_and(|values| values.contains(value)) {
                    faults.push(format!("{at}: {value} is not one of {what}"));
                }
            }
            "minimum" => {
                if value.as_f64().zip(what.as_f64()).is_some_and(|(value, least)| value < least) {
                    faults.push(format!("{at}: {value} is less than {what}"));
                }
            }
            "description" | "title" | "example" | "examples" | "default" | "format" | "propertyNames" => {}
            unknown => faults.push(format!("{at}: the checker does not know “{unknown}”")),
        }
    }
}
