//! Reads what a Rust file imports: every path that it names, in a `use` or where it is used, and where each leads.
//!
//! Paths are read from tokens and not from text, so that comments and strings do not count and macros do.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

/// A path, from `crate` or from the name of another crate.
pub type Path = Vec<String>;

/// A module, in a file of its own or in braces, and what it names.
#[derive(Debug, Default)]
pub struct Module {
    /// `crate::a::b`.
    pub path: Path,
    /// Behind `#[cfg(test)]`.
    pub is_test: bool,
    /// What each name stands for that a `use` brought, and that a `mod x;` declared.
    pub names: BTreeMap<String, Path>,
    /// What it names. What a `pub use` hands on is not here, unless the module names it once more.
    pub imports: Vec<Path>,
}

/// The module of a file, and after it those in its braces.
pub fn read(text: &str, path: Path) -> Vec<Module> {
    let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut modules = Vec::new();
    Reader::read(Module { path, ..Module::default() }, stream, &mut modules);
    modules
}

struct Reader<'a> {
    module: Module,
    /// Declared by `mod x;`.
    children: BTreeSet<String>,
    uses: Vec<Use>,
    /// Paths as they are written, without those of `use`.
    written: Vec<Path>,
    others: &'a mut Vec<Module>,
}

/// One branch of a `use`, as it is written.
struct Use {
    path: Path,
    name: String,
    is_public: bool,
}

impl Reader<'_> {
    fn read(module: Module, stream: TokenStream, modules: &mut Vec<Module>) {
        let (at, mut inner) = (modules.len(), Vec::new());
        let (children, uses, written) = (BTreeSet::new(), Vec::new(), Vec::new());
        let mut reader = Reader { module, children, uses, written, others: &mut inner };
        reader.tokens(&stream.into_iter().collect::<Vec<_>>());
        let Reader { mut module, children, uses, written, .. } = reader;
        // A path that begins with neither `crate` nor another crate begins with a child, or with what a `use` brought.
        for child in children {
            let path = module.path.iter().cloned().chain([child.clone()]).collect();
            module.names.insert(child, path);
        }
        for Use { path, name, is_public } in uses {
            let path = module.resolve(path);
            if !is_public {
                module.imports.push(path.clone());
            }
            if name != "_" && name != "*" && path.len() > 1 {
                module.names.insert(name, path);
            }
        }
        for path in written {
            let path = module.resolve(path);
            if path.len() > 1 {
                module.imports.push(path);
            }
        }
        modules.extend(inner);
        modules.insert(at, module);
    }

    fn tokens(&mut self, mut tokens: &[TokenTree]) {
        let (mut is_public, mut is_test) = (false, false);
        while let Some((first, rest)) = tokens.split_first() {
            tokens = match (first, rest) {
                (TokenTree::Punct(hash), [TokenTree::Group(attribute), rest @ ..]) if hash.as_char() == '#' => {
                    is_test |= attribute.stream().to_string().replace(' ', "") == "cfg(test)";
                    self.group(attribute);
                    rest
                }
                // What follows a dot is a field or a method.
                (TokenTree::Punct(dot), [TokenTree::Ident(_), rest @ ..]) if dot.as_char() == '.' => rest,
                (TokenTree::Ident(word), [TokenTree::Ident(name), TokenTree::Group(body), rest @ ..])
                    if word == "mod" =>
                {
                    let path = self.module.path.iter().cloned().chain([name.to_string()]).collect();
                    let module = Module { path, is_test: self.module.is_test || is_test, ..Module::default() };
                    Self::read(module, body.stream(), self.others);
                    (is_public, is_test) = (false, false);
                    rest
                }
                (TokenTree::Ident(word), [TokenTree::Ident(name), rest @ ..]) if word == "mod" => {
                    self.children.insert(name.to_string());
                    (is_public, is_test) = (false, false);
                    rest
                }
                (TokenTree::Ident(word), _) if word == "use" => {
                    let rest = self.tree(&[], rest, is_public);
                    (is_public, is_test) = (false, false);
                    rest
                }
                (TokenTree::Ident(word), [TokenTree::Group(within), rest @ ..])
                    if word == "pub" && within.delimiter() == Delimiter::Parenthesis =>
                {
                    is_public = true;
                    rest
                }
                (TokenTree::Ident(word), _) => {
                    is_public = word == "pub";
                    is_test &= is_public;
                    self.path(word, rest)
                }
                (TokenTree::Group(group), _) => {
                    self.group(group);
                    rest
                }
                (TokenTree::Punct(_) | TokenTree::Literal(_), _) => rest,
            };
        }
    }

    fn group(&mut self, group: &Group) {
        self.tokens(&group.stream().into_iter().collect::<Vec<_>>());
    }

    /// A path that begins with that word; the tokens after it.
    fn path<'t>(&mut self, first: &Ident, mut rest: &'t [TokenTree]) -> &'t [TokenTree] {
        let mut path = vec![first.to_string()];
        while let Some([TokenTree::Ident(next), after @ ..]) = after_colons(rest) {
            path.push(next.to_string());
            rest = after;
        }
        self.written.push(path);
        rest
    }

    /// A tree of `use`; the tokens after it.
    fn tree<'t>(&mut self, before: &[String], mut rest: &'t [TokenTree], is_public: bool) -> &'t [TokenTree] {
        let mut path = before.to_vec();
        loop {
            match rest {
                [TokenTree::Ident(word), after @ ..] => {
                    path.push(word.to_string());
                    rest = after;
                }
                [TokenTree::Group(group), after @ ..] => {
                    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                    let branches =
                        inside.split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','));
                    // Behind a comma at the end there is none.
                    for one in branches.filter(|branch| !branch.is_empty()) {
                        self.tree(&path, one, is_public);
                    }
                    return after;
                }
                // A glob: whose names it brings is not known, and the module is what is named.
                [TokenTree::Punct(star), after @ ..] if star.as_char() == '*' => {
                    path.push("*".to_owned());
                    rest = after;
                }
                _ => break,
            }
            match after_colons(rest) {
                Some(after) => rest = after,
                None => break,
            }
        }
        if path.len() > before.len().max(1) && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let mut name = path.last().cloned();
        if let [TokenTree::Ident(word), TokenTree::Ident(alias), after @ ..] = rest
            && word == "as"
        {
            (name, rest) = (Some(alias.to_string()), after);
        }
        if let Some(name) = name {
            self.uses.push(Use { path, name, is_public });
        }
        rest
    }
}

impl Module {
    /// A path that is written here, from `crate` or from the name of another crate.
    fn resolve(&self, path: Path) -> Path {
        if let Some(start) = self.names.get(&path[0]) {
            return start.iter().chain(&path[1..]).cloned().collect();
        }
        let up = path.iter().take_while(|segment| *segment == "super" || *segment == "self").count();
        if up == 0 || path.len() == 1 {
            return path;
        }
        let supers = path[..up].iter().filter(|segment| *segment == "super").count();
        let base = &self.path[..self.path.len().saturating_sub(supers).max(1)];
        base.iter().chain(&path[up..]).cloned().collect()
    }
}

/// The tokens after `::`, if that is what comes.
fn after_colons(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    match tokens {
        [TokenTree::Punct(a), TokenTree::Punct(b), rest @ ..] if a.as_char() == ':' && b.as_char() == ':' => Some(rest),
        _ => None,
    }
}

/// Whether a path is that one, or goes on from it, or brings it with others.
pub fn leads_to(path: &str, to: &str) -> bool {
    let goes_on = path.strip_prefix(to).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    goes_on || path.strip_suffix('*').is_some_and(|start| to.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file of `crate::a::b` imports.
    fn imports(text: &str) -> Vec<String> {
        let path = ["crate", "a", "b"].map(str::to_owned).to_vec();
        let mut found: Vec<String> =
            read(text, path).iter().flat_map(|module| &module.imports).map(|path| path.join("::")).collect();
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn sees_every_form_of_a_path() {
        for text in [
            "use crate::node::Node;",
            "use crate::{node::Node};",
            "use crate::node::{Node as N};",
            "fn f() { crate::node::Node }",
            "use super::super::node::Node;",
            "use crate::node; fn f() -> node::Node {}",
            "use crate::node::{self}; fn f() -> node::Node {}",
            "mod tests { use super::super::super::node::Node; }",
            "macro_rules! m { () => { $crate::node::Node } }",
            "pub use crate::node::Node; struct S { node: Node }",
        ] {
            assert!(imports(text).contains(&"crate::node::Node".to_owned()), "{text}: {:?}", imports(text));
        }
        assert_eq!(
            imports("mod child; use child::C; fn f() { self::child::D }"),
            ["crate::a::b::child::C", "crate::a::b::child::D"]
        );
    }

    #[test]
    fn a_comma_at_the_end_of_a_list_names_nothing() {
        assert_eq!(imports("use super::{Node, Other,};"), ["crate::a::Node", "crate::a::Other"]);
    }

    #[test]
    fn does_not_see_comments_strings_and_what_is_only_handed_on() {
        assert_eq!(imports("// crate::node::Node\nconst TEXT: &str = \"crate::node::Node\";"), [""; 0]);
        assert_eq!(imports("pub use crate::node::Node; pub(crate) use crate::node::Other;"), [""; 0]);
        assert_eq!(imports("pub use crate::node::run; fn f(x: X) { x.run() }"), [""; 0]);
    }

    #[test]
    fn a_path_leads_to_what_it_begins_with() {
        assert!(leads_to("std::fs", "std::fs") && leads_to("std::fs::read", "std::fs"));
        assert!(leads_to("std::net::*", "std::net::TcpStream") && leads_to("std::*", "std::fs"));
        assert!(!leads_to("std::fsx", "std::fs") && !leads_to("std::net::IpAddr", "std::net::TcpStream"));
    }
}
