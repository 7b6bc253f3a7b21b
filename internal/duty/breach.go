package duty

import (
	_ "embed" // For the page.
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/locale"
)

//go:embed breach.html
var breachPage string

// Readers is what a server counts about what clients learnt.
type Readers struct {
	Client string    // the client whose key leaked; empty: all clients
	Since  time.Time // the zero time: from the beginning
	List   []Reader  // by day, client and channel
	// Persons and Count are those of the whole list, each person counted once.
	Persons, Count int64
	Catalog        *catalog.Catalog
}

// Reader is about how many persons a client learnt something of a channel on a day. An empty channel stands for all.
type Reader struct {
	Day             time.Time
	Client, Channel string
	Persons, Count  int64
}

// Breach is the sheet of a personal-data breach by a key that leaked, as a controller notifies it within 72 hours (GDPR Art. 33(3)).
type Breach struct {
	Language    string              `json:"language"`
	Title       string              `json:"title"`
	Subtitle    string              `json:"subtitle"`
	MadeTime    time.Time           `json:"madeTime"`
	Controllers []ControllerContact `json:"controllers"`
	Client      string              `json:"client,omitempty"`
	ClientName  string              `json:"clientName,omitempty"` // as the catalog names it
	Since       time.Time           `json:"since"`
	First       time.Time           `json:"firstDay"`
	Last        time.Time           `json:"lastDay"`
	Persons     int64               `json:"persons"`
	Count       int64               `json:"count"`
	Learnt      []Learnt            `json:"learnt"`
	Data        []string            `json:"data"`
	Likely      []string            `json:"likelyConsequences"`
}

// ControllerContact is a controller that may have to notify.
type ControllerContact struct {
	Name                 string `json:"name"`
	PostalAddress        string `json:"postalAddress"`
	PrivacyContact       string `json:"privacyContact"`
	SupervisoryAuthority string `json:"supervisoryAuthority,omitempty"`
}

// Learnt is what a client learnt of a channel, over all days.
type Learnt struct {
	Client  string    `json:"client"`
	Channel string    `json:"channel"` // its name; of all channels the text that says so
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	// Most is about how many persons it learnt something on the day of most.
	Most  int64 `json:"mostPersonsOfADay"`
	Count int64 `json:"count"`
}

// NewBreach writes the sheet in a language, as of a time.
func NewBreach(known *Readers, lang locale.Language, now time.Time) *Breach {
	b := &Breach{
		Language: lang.Tag(), Title: locale.Get("breach.title").In(lang), MadeTime: now.UTC().Truncate(time.Second),
		Subtitle: locale.Fill("breach.subtitle", locale.Values{"time": timeOf(now)}).In(lang),
		Client:   known.Client, Since: known.Since, Persons: known.Persons, Count: known.Count, Learnt: []Learnt{},
	}
	for i := range known.Catalog.Controllers {
		c := &known.Catalog.Controllers[i]
		b.Controllers = append(b.Controllers, ControllerContact{c.Name, c.PostalAddress, c.PrivacyContact, c.SupervisoryAuthority})
	}
	if recipient, ok := known.Catalog.Recipient(known.Client); ok {
		b.ClientName = recipient.Name
	}
	data, likely := []locale.Text{}, []locale.Text{}
	checks, whole := b.sum(known, lang)
	if checks {
		data, likely = append(data, locale.Get("breach.data.checks")), append(likely, locale.Get("breach.likely.checks"))
	}
	if whole {
		data, likely = append(data, locale.Get("breach.data.whole")), append(likely, locale.Get("breach.likely.whole"))
	}
	b.Data, b.Likely = inLanguage(lang, data...), inLanguage(lang, likely...)
	return b
}

// sum puts the days of each client and channel together. It reports whether clients learnt of single channels, by checks, and of all.
func (b *Breach) sum(known *Readers, lang locale.Language) (checks, whole bool) {
	type of struct{ client, channel string }
	at := map[of]int{}
	for i := range known.List {
		r := &known.List[i]
		checks, whole = checks || r.Channel != "", whole || r.Channel == ""
		key := of{r.Client, r.Channel}
		if _, ok := at[key]; !ok {
			at[key] = len(b.Learnt)
			b.Learnt = append(b.Learnt, Learnt{Client: r.Client, Channel: channelName(known.Catalog, r.Channel, lang), From: r.Day})
		}
		l := &b.Learnt[at[key]]
		l.To, l.Most, l.Count = r.Day, max(l.Most, r.Persons), l.Count+r.Count
		if b.First.IsZero() {
			b.First = r.Day
		}
		b.Last = r.Day
	}
	return checks, whole
}

func channelName(cat *catalog.Catalog, id string, lang locale.Language) string {
	if id == "" {
		return locale.Get("breach.whole").In(lang)
	}
	if channel, ok := cat.Channel(id); ok {
		return nameIn(channel.Name, lang)
	}
	return id
}

// HTML returns the sheet as one page to fill in and print.
func (b *Breach) HTML() ([]byte, error) { return writePage(languageOf(b.Language), breachPage, b) }
