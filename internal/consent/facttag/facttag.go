// Package facttag names the tags of the canonical facts of an event, which package consent appends and package codec decodes. The form is
// described in docs/storage-format.md.
package facttag

// The tags, each named after its field of consent.Facts. These numbers never change.
const (
	Kind           = 0x10
	Channel        = 0x11
	Basis          = 0x12
	DeclarationID  = 0x13
	DeclarationVer = 0x14
	Source         = 0x15
	Confirmed      = 0x16
	Transaction    = 0x17
	Document       = 0x18
	Notice         = 0x19
	Goods          = 0x1a
	Expires        = 0x1b
	Reason         = 0x1c
	Scope          = 0x1d
	List           = 0x1e
	Binds          = 0x1f
	Tagged         = 0x20
	CatalogVersion = 0x21
	Effective      = 0x22
	Document256    = 0x23
	VoidPosition   = 0x24
	VoidBatch      = 0x25
	Move           = 0x26
	Removed        = 0x27
	Until          = 0x28
	Count          = 0x29
	NoticeID       = 0x2b
	NoticeVersion  = 0x2c
	Details        = 0x2d
	Informed       = 0x2e
	Retention      = 0x2f
	Undo           = 0x30
	ListVersion    = 0x31
	ListForm       = 0x32
	Obtained       = 0x33
	Freshness      = 0x34 // as ISO 8601 has it
	StaleDenies    = 0x35
	Resource       = 0x36
	Outcome        = 0x37
	Positions      = 0x2a // unsigned varints: the first position, then each one's distance from the one before
)

// First is the lowest tag of a canonical fact. In an event's header the lower ones belong to its other fields.
const First = Kind
