// Package doctor looks at a machine and says what of twinrig works on it, what each part is needed for, and how to
// get what is missing. It changes nothing.
package doctor
