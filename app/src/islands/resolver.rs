//! Decides conflicts without loading the page anew, by keys where the keyboard is in one of them.
//!
//! The page is made of forms that work by themselves. Here they are sent in the background, and what the server answers
//! takes the place of what is there: there is one way to decide, and one way to show it. When others decide, the page is
//! asked for anew and put around what has the keyboard.

#![allow(missing_docs, reason = "the island macro makes public items without documentation")]

use leptos::prelude::*;

/// Brings the forms and the keys of the resolver within to life.
#[island]
pub fn Resolver(children: Children) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    live::start();
    children()
}

#[cfg(feature = "hydrate")]
mod live {
    use std::{
        cell::{Cell, RefCell},
        collections::VecDeque,
        rc::Rc,
    };

    use leptos::{
        prelude::{document, window},
        task::spawn_local,
    };
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{
        DomParser, Element, Event, EventSource, FormData, HtmlElement, HtmlFormElement, HtmlTextAreaElement,
        KeyboardEvent, MessageEvent, Node, RequestInit, Response, SubmitEvent, SupportedType, UrlSearchParams,
    };

    use crate::islands::dom::{create, find, find_all, on, set};

    struct Live {
        /// The part of the page that answers take the place of.
        main: HtmlElement,
        /// Says how many are decided to those who do not see it.
        status: Option<HtmlElement>,
        /// What was decided, the last at the end: what sends it back to what it was.
        done: RefCell<Vec<UrlSearchParams>>,
        /// What was decided while something was on its way, the first at the front.
        waiting: RefCell<VecDeque<Sent>>,
        /// Whether something is on its way.
        busy: Cell<bool>,
        /// Whether the page is to be asked for anew.
        stale: Cell<bool>,
        /// Who has decided something that is not shown yet.
        others: RefCell<String>,
    }

    /// What is sent, nothing to ask for the page anew; what undoes it; where to go on unless something else is next.
    type Sent = (Option<UrlSearchParams>, Option<UrlSearchParams>, Option<String>);

    pub fn start() {
        let Some(main) = document().get_element_by_id("main").and_then(|main| main.dyn_into::<HtmlElement>().ok())
        else {
            return;
        };
        let status = create("p", "hidden-label");
        if let (Some(status), Some(body)) = (&status, document().body()) {
            set(status, "role", "status");
            drop(body.append_child(status));
        }
        let live = Rc::new(Live {
            main,
            status,
            done: RefCell::default(),
            waiting: RefCell::default(),
            busy: Cell::default(),
            stale: Cell::default(),
            others: RefCell::default(),
        });
        live.show_keys();
        live.follow();
        let target = live.main.clone();
        let this = Rc::clone(&live);
        on(&target, "submit", move |event: SubmitEvent| this.submitted(&event));
        let this = Rc::clone(&live);
        on(&target, "keydown", move |event: KeyboardEvent| this.key(&event));
        on(&target, "click", move |event: Event| {
            let pressed = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            if pressed.is_some_and(|pressed| pressed.id() == "use-keys") {
                live.go_to(find(&live.main, ".conflict"));
            }
        });
    }

    impl Live {
        /// What is said about the keys holds only here.
        fn show_keys(&self) {
            if let Some(keys) = find(&self.main, "#keys") {
                keys.set_hidden(false);
            }
        }

        fn submitted(self: &Rc<Self>, event: &SubmitEvent) {
            let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok()) else {
                return;
            };
            let Ok(data) = FormData::new_with_form(&form) else { return };
            let Ok(sent) = UrlSearchParams::new_with_str_sequence_sequence(&data) else { return };
            if let Some(button) = event.submitter() {
                sent.append(
                    &button.get_attribute("name").unwrap_or_default(),
                    &button.get_attribute("value").unwrap_or_default(),
                );
            }
            event.prevent_default();
            let back = sent.get("conflict").map(|conflict| way_back(&form, &conflict));
            let section = form.closest("section").ok().flatten();
            let heading = section.and_then(|section| section.get_attribute("aria-labelledby"));
            self.send((Some(sent), back, heading));
        }

        /// Hears of what others decide.
        fn follow(self: &Rc<Self>) {
            let path = window().location().pathname().unwrap_or_default();
            let Some((dataset, request)) = path.rsplit_once("/requests/") else { return };
            let Ok(events) = EventSource::new(&[dataset, "/events"].concat()) else { return };
            let request = request.split('/').next().unwrap_or_default().to_owned();
            let this = Rc::clone(self);
            on(&events, "decided", move |event: MessageEvent| {
                let data =
                    event.data().as_string().and_then(|text| js_sys::JSON::parse(&text).ok()).unwrap_or_default();
                let part = |name: &str| js_sys::Reflect::get(&data, &name.into()).unwrap_or_default();
                let is_own = part("own").is_truthy();
                // What was sent from here is shown by its answer.
                if part("request").as_string().as_deref() == Some(&request) && !(is_own && this.busy.get()) {
                    this.look_again(if is_own { None } else { part("by").as_string() });
                }
            });
            let this = Rc::clone(self);
            on(&events, "missed", move |_: MessageEvent| this.look_again(None));
            // What happened while the connection was down is not told again.
            let (this, mut first) = (Rc::clone(self), true);
            on(&events, "open", move |_: Event| {
                if !std::mem::take(&mut first) {
                    this.look_again(None);
                }
            });
            on(&window(), "pagehide", move |_: Event| events.close());
        }

        /// Asks for the page anew; once for all that comes before it is asked for.
        fn look_again(self: &Rc<Self>, by: Option<String>) {
            if let Some(by) = by {
                let mut others = self.others.borrow_mut();
                *others = if others.is_empty() || *others == by { by } else { "Others".to_owned() };
            }
            if !self.stale.replace(true) {
                self.send((None, None, None));
            }
        }

        /// Sends what was decided, after what was decided before it.
        fn send(self: &Rc<Self>, sent: Sent) {
            self.waiting.borrow_mut().push_back(sent);
            if self.busy.replace(true) {
                return;
            }
            let this = Rc::clone(self);
            spawn_local(async move {
                loop {
                    let next = this.waiting.borrow_mut().pop_front();
                    let Some((sent, back, heading)) = next else { break };
                    let Some(sent) = sent else {
                        // What could not be asked for comes with the next answer.
                        drop(this.refresh().await);
                        continue;
                    };
                    match this.answer(&sent, heading).await {
                        Ok(true) => this.done.borrow_mut().extend(back),
                        Ok(false) => {}
                        Err(_) => {
                            this.waiting.borrow_mut().clear();
                            this.say("That was not saved: the server can’t be reached. Try again.");
                        }
                    }
                }
                this.busy.set(false);
            });
        }

        /// The page that the server answers with, and whether it took what was sent.
        async fn ask(&self, query: &str, options: &RequestInit) -> Result<Option<(bool, Element)>, JsValue> {
            let path = window().location().pathname()?;
            let address = [&path, query].concat();
            let response: Response =
                JsFuture::from(window().fetch_with_str_and_init(&address, options)).await?.dyn_into()?;
            if !response.url().contains(&path) {
                // Somewhere else is to be gone first, such as where one signs in.
                window().location().set_href(&response.url())?;
                return Ok(None);
            }
            let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
            let page = DomParser::new()?.parse_from_string(&text, SupportedType::TextHtml)?;
            let Some(new) = page.get_element_by_id("main") else { return Err(JsValue::NULL) };
            Ok(Some((response.ok(), new)))
        }

        /// Puts something in the place of the page; what was typed and is not sent yet stays.
        fn put(&self, sent_value: Option<&String>, put: impl FnOnce()) {
            let typed: Vec<_> =
                self.fields().filter(|(name, text, first)| text != first && Some(name) != sent_value).collect();
            put();
            for (name, text, _) in typed {
                if let Some(field) = find(&self.main, &["[name='", &name, "']"].concat()) {
                    field.unchecked_into::<HtmlTextAreaElement>().set_value(&text);
                }
            }
            self.show_keys();
        }

        /// Shows what others decided, without touching what has the keyboard.
        async fn refresh(&self) -> Result<(), JsValue> {
            self.stale.set(false);
            let held = self.held();
            let conflict = held.as_ref().map(Element::id).unwrap_or_default();
            // Decided by now, it would not be on the list of what is open.
            let besides = conflict.strip_prefix("conflict-").unwrap_or_default();
            let search = window().location().search()?;
            let query = ["?", search.trim_start_matches('?'), "&besides=", besides].concat();
            let Some((true, new)) = self.ask(&query, &RequestInit::new()).await? else { return Ok(()) };
            let before = self.decided();
            match self.held() {
                Some(held) => {
                    let named = |name| Some(["[", name, "='", &held.get_attribute(name)?, "']"].concat());
                    let selector = ["id", "aria-labelledby", "aria-label"].into_iter().find_map(named);
                    // What is gone stays for as long as somebody is in it.
                    let Some(place) = selector.and_then(|selector| find(&new, &selector)) else { return Ok(()) };
                    self.put(None, || put_around(&held, &place, &self.main));
                }
                None => self.put(None, || self.main.set_inner_html(&new.inner_html())),
            }
            let by = self.others.take();
            if !by.is_empty() {
                let count = self.decided() - before;
                let words = match count {
                    1 => " decided 1 conflict".to_owned(),
                    2.. => [" decided ", &count.to_string(), " conflicts"].concat(),
                    _ => " changed what is decided".to_owned(),
                };
                self.say(&[by, words].concat());
            }
            Ok(())
        }

        /// What has the keyboard, or the part of the page around it: of a conflict, all.
        fn held(&self) -> Option<Element> {
            let active = document().active_element().filter(|active| self.main.contains(Some(active)));
            active?.closest(".conflict,[id]:focus:not(main,.conflict *),[aria-labelledby],nav,header").ok()?
        }

        /// How many conflicts are decided.
        fn decided(&self) -> i32 {
            let progress = find(&self.main, "#decided").and_then(|progress| progress.get_attribute("value"));
            progress.and_then(|value| value.parse().ok()).unwrap_or_default()
        }

        /// Shows what the server answers; whether it took what was sent.
        async fn answer(&self, sent: &UrlSearchParams, heading: Option<String>) -> Result<bool, JsValue> {
            let options = RequestInit::new();
            options.set_method("POST");
            options.set_body(sent);
            let Some((done, new)) = self.ask("", &options).await? else { return Ok(false) };
            let sent_value = sent.get("conflict").map(|conflict| ["value-", &conflict].concat());
            self.put(sent_value.as_ref(), || self.main.set_inner_html(&new.inner_html()));
            let next = sent.get("next").map(|next| ["#conflict-", &next].concat());
            let heading = heading.map(|heading| ["#", &heading].concat());
            let mut places =
                [Some("[role=alert]".to_owned()), next, heading, Some(".conflict".to_owned())].into_iter().flatten();
            self.go_to(places.find_map(|place| find(&self.main, &place)));
            if done {
                let progress = find(&self.main, "label[for=decided]").and_then(|progress| progress.text_content());
                let figures = progress.unwrap_or_default();
                self.say(&["Saved: ", figures.split(" conflict").next().unwrap_or_default()].concat());
            }
            Ok(done)
        }

        /// The names of the fields for text, with what stands in them and what stood in them first.
        fn fields(&self) -> impl Iterator<Item = (String, String, String)> {
            find_all(&self.main, "textarea, input:not([type=hidden])").into_iter().map(|field| {
                // Both kinds have what is asked for.
                let field: HtmlTextAreaElement = field.unchecked_into();
                (field.name(), field.value(), field.default_value().unwrap_or_default())
            })
        }

        fn say(&self, text: &str) {
            if let Some(status) = &self.status {
                status.set_text_content(Some(text));
            }
        }

        fn go_to(&self, element: Option<HtmlElement>) {
            let element = element.unwrap_or_else(|| self.main.clone());
            element.set_tab_index(-1);
            // An element that can't have the keyboard does not get it.
            drop(element.focus());
        }

        /// Letters are keys only where the keyboard is in a conflict and no text is typed.
        fn key(self: &Rc<Self>, event: &KeyboardEvent) {
            let Some(at) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
            let within = |selector: &str| at.closest(selector).ok().flatten();
            if event.ctrl_key() || event.meta_key() || event.alt_key() || within("input, textarea").is_some() {
                return;
            }
            let key = event.key();
            if key == "u" {
                event.prevent_default();
                let last = self.done.borrow_mut().pop();
                match last {
                    Some(back) => self.send((Some(back), None, None)),
                    None => self.say("There is nothing to undo."),
                }
                return;
            }
            let Some(conflict) = within(".conflict") else { return };
            let pressed = match key.as_str() {
                "n" | "p" => {
                    let all = find_all(&self.main, ".conflict");
                    let place = all.iter().position(|each| ***each == *conflict);
                    let to =
                        place.and_then(|place| if key == "n" { place.checked_add(1) } else { place.checked_sub(1) });
                    if let Some(to) = to.and_then(|to| all.into_iter().nth(to)) {
                        self.go_to(Some(to));
                    }
                    true
                }
                "v" => find(&conflict, "input:not([type=hidden]), textarea").is_some_and(|field| field.focus().is_ok()),
                "o" | "t" | "b" | "c" | "k" | "d" => {
                    find(&conflict, &["[data-key=", &key, "]"].concat()).map(|button| button.click()).is_some()
                }
                _ => false,
            };
            if pressed {
                event.prevent_default();
            }
        }
    }

    /// Makes of the page what the new one is, except for an element that stays where it is; what is decided about it by now
    /// is added to it. `place` is the same in the new page.
    fn put_around(held: &Element, place: &Element, main: &Element) {
        if let (Some(decided), None) = (find(place, ".conflict__decided"), find(held, ".conflict__decided")) {
            drop(held.insert_before(&decided, find(held, "form").as_ref().map(|form| form.as_ref())));
        }
        let (mut old, mut new): (Node, Node) = (held.clone().into(), place.clone().into());
        while let (Some(parent), Some(from)) = (old.parent_node(), new.parent_node()) {
            while let Some(node) = old.previous_sibling().or_else(|| old.next_sibling()) {
                drop(parent.remove_child(&node));
            }
            while let Some(node) = new.previous_sibling() {
                drop(parent.insert_before(&node, parent.first_child().as_ref()));
            }
            while let Some(node) = new.next_sibling() {
                drop(parent.append_child(&node));
            }
            if *parent == **main {
                break;
            }
            (old, new) = (parent, from);
        }
    }

    /// What makes of a conflict what it is now: another choice, or none.
    fn way_back(form: &HtmlFormElement, conflict: &str) -> UrlSearchParams {
        let back = UrlSearchParams::new_with_str(&window().location().search().unwrap_or_default());
        let back = back.unwrap_or_else(|_| UrlSearchParams::new().expect("an empty set of fields"));
        let section = form.closest(".conflict").ok().flatten();
        let chosen = section.as_ref().and_then(|section| find(section, "[name=choice][aria-current]"));
        match chosen.and_then(|button| button.get_attribute("value")) {
            Some(choice) => {
                back.append("conflict", conflict);
                back.append("choice", &choice);
            }
            None => back.append("take_back", &["conflict:", conflict].concat()),
        }
        back.append("next", conflict);
        // What somebody else decides in between is not undone.
        let seen = find(form, "[name=seen]");
        back.append("seen", &seen.and_then(|seen| seen.get_attribute("value")).unwrap_or_default());
        back
    }
}
