//! temp
use std::sync::Arc; use std::path::{Path,PathBuf}; use crate::model::Problem;
pub struct Checkout{root:PathBuf,files:Vec<Arc<str>>,slug:Option<String>}
#[derive(Debug)] pub struct OpenError; impl std::fmt::Display for OpenError{fn fmt(&self,f:&mut std::fmt::Formatter<'_>)->std::fmt::Result{f.write_str("x")}}
#[derive(Debug)] pub struct ReadError; impl std::fmt::Display for ReadError{fn fmt(&self,f:&mut std::fmt::Formatter<'_>)->std::fmt::Result{f.write_str("x")}}
impl ReadError{pub fn position(&self)->Option<(u32,u32)>{None}}
impl Checkout{
pub fn open(root:&Path)->Result<Self,OpenError>{
 let mut files=vec![]; for e in ignore::WalkBuilder::new(root).hidden(false).git_ignore(false).build().flatten(){ if e.file_type().is_some_and(|t|t.is_file()){ if let Ok(p)=e.path().strip_prefix(root){ let s=p.to_string_lossy().into_owned(); if !s.starts_with(".git/"){files.push(Arc::from(s));}}}} files.sort();
 let slug=std::fs::read_to_string(root.join(".git/config")).ok().and_then(|t|{let i=t.find("github.com/")?; Some(t[i+11..].lines().next()?.trim().trim_end_matches(".git").to_lowercase())});
 Ok(Self{root:root.to_owned(),files,slug})}
pub fn slug(&self)->Option<&str>{self.slug.as_deref()}
pub fn revision(&self)->Option<&str>{None}
pub fn files(&self)->&[Arc<str>]{&self.files}
pub fn exists(&self,p:&str)->bool{self.files.iter().any(|f|&**f==p)}
pub fn read(&self,p:&str)->Result<Arc<str>,ReadError>{std::fs::read_to_string(self.root.join(p)).map(Arc::from).map_err(|_|ReadError)}
pub fn under(&self,f:&str)->impl Iterator<Item=&Arc<str>>{let f=if f.is_empty(){String::new()}else{format!("{f}/")};self.files.iter().filter(move|p|p.starts_with(&f))}
pub fn walk_problems(&self)->&[Problem]{&[]}
}
