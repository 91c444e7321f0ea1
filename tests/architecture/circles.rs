//! Finds files that import one another in a circle.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::Files;

/// A file → those from which it takes something, and what.
type Arrows = Vec<BTreeMap<usize, BTreeSet<String>>>;

/// Each circle, as the arrows of which it consists: `a.rs → b.rs: crate::b::Name`.
pub fn of(files: &Files) -> Vec<String> {
    let mut arrows: Arrows = vec![BTreeMap::new(); files.count()];
    for (from, item, to) in files.imports() {
        arrows[from].entry(to).or_default().insert(item);
    }
    let reached: Vec<BTreeSet<usize>> = (0..arrows.len()).map(|from| reached(&arrows, from)).collect();
    let mut circles: BTreeMap<&BTreeSet<usize>, Vec<String>> = BTreeMap::new();
    for (from, targets) in arrows.iter().enumerate() {
        for (to, names) in targets.iter().filter(|(to, _)| reached[**to].contains(&from)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let arrow = format!("{} → {}: {}", files.name(from), files.name(*to), names.join(", "));
            circles.entry(&reached[from]).or_default().push(arrow);
        }
    }
    circles.into_values().map(|arrows| arrows.join("\n")).collect()
}

fn reached(arrows: &Arrows, from: usize) -> BTreeSet<usize> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        next.extend(arrows[file].keys().filter(|to| reached.insert(**to)));
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles of small files: `a` and `b` beside one another, `parent` with its `child`.
    fn circles(texts: &[(&str, &str)]) -> Vec<String> {
        let path = |module: &str| ["crate"].into_iter().chain(module.split("::")).map(str::to_owned).collect();
        of(&Files::of(texts.iter().map(|(module, text)| ((*module).to_owned(), path(module), *text))))
    }

    #[test]
    fn two_files_that_import_one_another_are_a_circle() {
        let found = circles(&[("a", "use crate::b::B; struct A;"), ("b", "struct B; fn f(_: crate::a::A) {}")]);
        assert_eq!(found, ["a → b: crate::b::B\nb → a: crate::a::A"]);
        assert_eq!(circles(&[("a", "use crate::b::B;"), ("b", "// crate::a::A")]), [""; 0]);
    }

    #[test]
    fn a_child_that_imports_from_its_parent_is_in_a_circle_if_the_parent_uses_it() {
        let child = ("parent::child", "use super::Parent; struct Child;");
        let uses = ("parent", "mod child; use child::Child; struct Parent;");
        assert_eq!(circles(&[uses, child]).len(), 1);
        assert_eq!(circles(&[("parent", "mod child; struct Parent; fn f() { child::f() }"), child]).len(), 1);
        assert_eq!(circles(&[("parent", "mod child; pub use child::Child; struct Parent;"), child]), [""; 0]);
        let uses_what_it_hands_on = "mod child; pub use child::Child; struct Parent { child: Child }";
        assert_eq!(circles(&[("parent", uses_what_it_hands_on), child]).len(), 1);
    }

    #[test]
    fn what_is_handed_on_is_imported_from_where_it_is_defined() {
        let parent = ("parent", "mod low; mod high; pub use low::Low; fn f() { high::f() }");
        let low = ("parent::low", "pub struct Low;");
        assert_eq!(circles(&[parent, low, ("parent::high", "use super::Low; use crate::parent::Low as L;")]), [""; 0]);
        assert_eq!(circles(&[parent, low, ("parent::high", "use super::*;")]).len(), 1);
    }

    #[test]
    fn tests_may_import_what_they_like() {
        let tested = ("b", "struct B; #[cfg(test)] mod tests { use crate::a::A; }");
        assert_eq!(circles(&[("a", "use crate::b::B; struct A;"), tested]), [""; 0]);
    }
}
