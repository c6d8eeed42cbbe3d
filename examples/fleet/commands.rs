//! Commands on standard input, each for the objects that it names. `help.rs` says what there is.

use std::io::BufRead;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::object::Object;
use crate::orders::Order;

/// Who can be told something.
pub(crate) type Listeners = Vec<(Arc<Object>, UnboundedSender<Order>)>;

/// Passes commands on until there are no more, in a thread of its own: nothing can interrupt a read of standard input.
pub(crate) fn follow(listeners: Listeners) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if line.trim().is_empty() {
                continue;
            }
            match Command::parse(&line) {
                Some(command) => {
                    let count = command.pass_on(&listeners);
                    println!("{}: {count} objects", line.trim());
                }
                None => eprintln!("fleet: command `{line}` is not understood; try --help"),
            }
        }
    });
}

struct Command<'a> {
    order: Order,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl<'a> Command<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let order = match words.next()? {
            "fail" => Order::Fail,
            "stall" => Order::Stall,
            "fix" => Order::Fix,
            "suspend" => Order::Suspend,
            "resume" => Order::Resume,
            "delete" => Order::Delete,
            _ => return None,
        };
        let kind = words.next()?;
        let (namespace, name) = words.next()?.split_once('/')?;
        words.next().is_none().then_some(Self {
            order,
            kind,
            namespace,
            name,
        })
    }

    /// To how many.
    fn pass_on(&self, listeners: &Listeners) -> usize {
        let meant = listeners.iter().filter(|(object, _)| self.means(object));
        meant
            .filter(|(_, life)| life.send(self.order).is_ok())
            .count()
    }

    fn means(&self, object: &Object) -> bool {
        let matches = |wanted: &str, actual: &str| wanted == "*" || wanted == actual;
        matches(self.kind, object.id.kind())
            && matches(self.namespace, object.id.namespace())
            && matches(self.name, object.id.name())
    }
}
