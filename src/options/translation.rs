//! From the address a server announces to the one that is dialled.

use std::fmt;
use std::sync::Arc;

use super::remap::Rules;
use crate::node::NodeAddress;

type Function = dyn Fn(&NodeAddress) -> Option<NodeAddress> + Send + Sync;

/// What becomes of announced addresses: rules (`host_port_remap`), then a function of the program's.
/// Without either an address stays as it is. Cheap to clone.
///
/// The function is called in the thread that is inside the library, with no lock held.
#[derive(Clone, Default)]
pub struct Translation {
    /// What comes first.
    pub rules: Rules,
    function: Option<Arc<Function>>,
}

impl Translation {
    /// Sets the function that is asked after the rules: `None` leaves an address as it is.
    pub fn set_function(
        &mut self,
        function: impl Fn(&NodeAddress) -> Option<NodeAddress> + Send + Sync + 'static,
    ) {
        self.function = Some(Arc::new(function));
    }

    /// No function is asked any more.
    pub fn clear_function(&mut self) {
        self.function = None;
    }

    /// Where a node that announces this address is dialled.
    pub fn apply(&self, announced: NodeAddress) -> NodeAddress {
        let address = self.rules.apply(&announced).unwrap_or(announced);
        match &self.function {
            Some(function) => function(&address).unwrap_or(address),
            None => address,
        }
    }
}

impl fmt::Debug for Translation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = if self.function.is_some() { "set" } else { "none" };
        write!(f, "Translation(rules: \"{}\", function: {function})", self.rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_sees_what_the_rules_gave() {
        let mut translation = Translation::default();
        let to = |translation: &Translation, text: &str| {
            translation.apply(NodeAddress::parse(text).unwrap()).to_string()
        };
        assert_eq!(to(&translation, "a:1"), "a:1");
        translation.rules = Rules::parse("a=b").unwrap();
        assert_eq!(to(&translation, "a:1"), "b:1");
        translation.set_function(|address| {
            (&*address.host == "b").then(|| NodeAddress::new("c", address.port + 1))
        });
        assert_eq!(to(&translation, "a:1"), "c:2");
        assert_eq!(to(&translation, "d:1"), "d:1");
        assert_eq!(format!("{translation:?}"), "Translation(rules: \"a=b\", function: set)");
        translation.clear_function();
        assert_eq!(to(&translation, "a:1"), "b:1");
    }
}
