// Package codec writes and reads the bytes in which events, evidence and states are stored, as docs/storage-format.md describes them:
// the header of an event ([AppendHeader], [DecodeHeader]), its evidence before it is sealed ([AppendEvidence], [DecodeEvidence]), what
// its key is made of ([EventKeyInput]), and the packed form of a state ([AppendState], [UnpackState], [UnpackInto]). The canonical facts,
// which are part of a header, are written by [consent.AppendFacts], because they also order the events of one instant.
//
// Headers are for ever: their form only grows. Packed states are a cache and may change with a version of the program.
package codec
