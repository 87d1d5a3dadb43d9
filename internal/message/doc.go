// Package message owns the words of the pages that people see, in their languages:
// the files in text/, a folder for each language and a file for each surface. A file
// is TOML; tables in it make the key, such as "sign_in.title". How it looks is for
// pages: a message is text and never HTML.
//
// In a message, {name} stands for a value, **words** are emphasized where a page says
// Rich, and [words] are what a page that says Around makes a link or a button of. One
// that depends on a number is a table of the plural forms of its language:
//
//	minutes_ago = {one = "{count} minute ago", other = "{count} minutes ago"}
//
// What a language lacks is said in English. English has every key.
package message
