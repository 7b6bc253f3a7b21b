// Package cases keeps what persons complain of, ask and ask for, at the desk that answers it: how a case is opened and finds its desk, what is
// done about it, who is told, and what the figures say. What is reckoned is in package casework; decision record 0081
// says what is stored and who sees it.
package cases
