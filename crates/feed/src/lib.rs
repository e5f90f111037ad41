//! A stream of events per practice: gapless positions, in commit order, readable by whoever was granted them.
//!
//! The feed knows nothing of claims: an event is a subject, a version, a topic and bytes. Events are appended
//! in the transaction of what they tell, as its last statement, so the table *is* the stream.

pub mod append;
pub mod event;
pub mod hub;
pub mod reader;
mod standing;
pub mod stream;
pub mod subject;
pub mod subscription;

pub use append::append;
pub use event::{Event, NewEvent};
pub use hub::Hub;
pub use reader::Reader;
pub use stream::{Message, Start, Subscribe};
