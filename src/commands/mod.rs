//! temp
use crate::checkout::Checkout; use crate::model::*;
pub struct Reading<'a>{pub text:&'a str,pub shell:&'a str,pub holes:&'a [Text],pub env:&'a [(String,Text)],pub folder:Text,pub locate:&'a dyn Fn(usize,usize)->Location,pub chain:&'a [Hop]}
pub struct Scripts<'c>{_c:&'c Checkout}
impl<'c> Scripts<'c>{pub fn new(c:&'c Checkout)->Self{Self{_c:c}} pub fn read(&self,_r:&Reading<'_>)->Script{Script::default()}}
pub mod matching{use crate::model::*;use crate::catalogue::Wrapper; pub struct F{pub value:Option<Text>}
pub fn matches(_p:&str,_w:&[Text])->Option<usize>{None} pub fn positional(_w:&[Text],_f:usize,_v:&[String])->Vec<Text>{vec![]} pub fn flag(_w:&[Text],_n:&[String])->Vec<F>{vec![]}
pub fn unwrapped<'a>(c:&'a Command,_w:&[Wrapper])->Vec<&'a [Text]>{vec![&c.words]}}
