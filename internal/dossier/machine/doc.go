// Package machine writes what a dossier tells as linked data, for other programs to read: consent records after ISO/IEC TS 27560:2023 in
// terms of the Data Privacy Vocabulary. What held when is not judged here: it is what package timeline was answered by the rules that a
// check runs.
package machine
