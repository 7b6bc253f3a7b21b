package webhookserver

import (
	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/webhooks"
)

func webhookOf(w *webhooks.Webhook) *assentv1.Webhook {
	return &assentv1.Webhook{
		Id: w.ID, Client: w.Client, Department: w.Department, Channels: w.Channels, Kinds: w.Kinds, Form: string(w.Form), Endpoint: w.Endpoint,
		Mode: string(w.Mode), CreatedTime: handler.Timestamp(w.Created), CreatedBy: w.CreatedBy, DisabledTime: handler.Timestamp(w.Disabled),
		DisabledReason: w.DisabledReason, PriorSecretUntilTime: handler.Timestamp(w.PriorUntil), Position: w.Position, Waiting: w.Waiting,
		OldestWaitingTime: handler.Timestamp(w.OldestWaiting), Dead: w.Dead,
	}
}

func deliveryOf(d *webhooks.Delivery) *assentv1.Delivery {
	return &assentv1.Delivery{
		Id: d.ID, State: deliveryState(d.State), Kind: d.Kind, CreatedTime: handler.Timestamp(d.Created), DueTime: handler.Timestamp(d.Due),
		Attempts: int32(d.Attempts), AttemptedTime: handler.Timestamp(d.Attempted), Outcome: d.Outcome, //nolint:gosec // At most ten.
		Status: int32(d.Status), Text: d.Text, Excerpt: d.Excerpt, //nolint:gosec // A status of HTTP.
	}
}

// stateOf returns a state as it is stored; empty for all.
func stateOf(state assentv1.DeliveryState) string {
	switch state {
	case assentv1.DeliveryState_DELIVERY_STATE_WAITING:
		return webhooks.StateWaiting
	case assentv1.DeliveryState_DELIVERY_STATE_DELIVERED:
		return webhooks.StateDelivered
	case assentv1.DeliveryState_DELIVERY_STATE_DEAD:
		return webhooks.StateDead
	default:
		return ""
	}
}

func deliveryState(state string) assentv1.DeliveryState {
	switch state {
	case webhooks.StateWaiting:
		return assentv1.DeliveryState_DELIVERY_STATE_WAITING
	case webhooks.StateDelivered:
		return assentv1.DeliveryState_DELIVERY_STATE_DELIVERED
	case webhooks.StateDead:
		return assentv1.DeliveryState_DELIVERY_STATE_DEAD
	default:
		return assentv1.DeliveryState_DELIVERY_STATE_UNSPECIFIED
	}
}
