package handler

import (
	"google.golang.org/grpc/codes"

	"github.com/assent-io/assent/internal/fault"
)

// StatusCode is the table of the error model: the canonical code of a fault, and whether there is one.
func StatusCode(code fault.Code) (codes.Code, bool) {
	switch code {
	case fault.InvalidAddress, fault.InvalidDomain, fault.SameAddress, fault.UnknownChannel, fault.UnknownDeclaration, fault.UnknownNotice, fault.NotANotice,
		fault.TimeInFuture, fault.InvalidTime, fault.InvalidEvidence, fault.InvalidSuppression, fault.InvalidEvent, fault.InvalidToken, fault.InvalidPageToken,
		fault.InvalidCatalog, fault.InvalidClient, fault.InvalidConsumer, fault.InvalidRequest, fault.InvalidReceipt, fault.InvalidImport, fault.InvalidFile,
		fault.InvalidList, fault.InvalidSend, fault.SendDiffers, fault.InvalidAbsence:
		return codes.InvalidArgument, true
	case fault.PositionUnknown, fault.PositionCompacted:
		return codes.OutOfRange, true
	case fault.NotRefusable, fault.NoEffect, fault.BasisNotAccepted, fault.NothingPending, fault.RequestEnded, fault.NoCatalog, fault.VersionInUse, fault.InUse,
		fault.ErasedBefore, fault.LegalHold, fault.OtherHistory, fault.NotHeld, fault.NotVoidable, fault.BatchUndone, fault.UndoPending, fault.NotOfAddress,
		fault.NoClaimsKey, fault.NotInformed, fault.LinkCircle, fault.LinkErased, fault.NotLinked, fault.ConsumerRequired, fault.DeliveryNotDead,
		fault.WebhookDisabled, fault.RotationUnderWay, fault.FileChanged, fault.ListShrinks, fault.NoPublicURL, fault.HintDecided, fault.HintLacks, fault.SendState,
		fault.ContactSent, fault.CaseClosed, fault.CaseNotClosed, fault.CaseLacksAddress, fault.CaseNotExtendable, fault.SenderNotInformed, fault.DeskLacksMember:
		return codes.FailedPrecondition, true
	case fault.CatalogNotFound, fault.SuppressionMissing, fault.ClientMissing, fault.ConsumerMissing, fault.WebhookMissing, fault.DeliveryMissing, fault.ImportMissing,
		fault.ListMissing, fault.HintMissing, fault.SourceMissing, fault.SendMissing, fault.CalendarMissing, fault.CaseMissing, fault.DeskMissing,
		fault.AbsenceMissing:
		return codes.NotFound, true
	case fault.RequestIDReused, fault.ClientExists, fault.ConsumerExists, fault.ListExists, fault.SourceExists, fault.SendExists, fault.CalendarExists:
		return codes.AlreadyExists, true
	case fault.EtagMismatch, fault.UploadReplaced:
		return codes.Aborted, true
	case fault.Unauthenticated:
		return codes.Unauthenticated, true
	case fault.ScopeMissing, fault.OtherDepartment, fault.OtherController, fault.ConsumerRevoked, fault.OwnSend:
		return codes.PermissionDenied, true
	case fault.TooLarge, fault.TooManyCalls, fault.SlowWatcher, fault.CaseFull:
		return codes.ResourceExhausted, true
	case fault.ClockSkew, fault.KeyMissing, fault.Unavailable, fault.ServerStopping:
		return codes.Unavailable, true
	default:
		return codes.Internal, false
	}
}

// ErrorText returns the sentence of an error, with the field it is about.
func ErrorText(refused *fault.Error) string {
	if refused.Field == "" {
		return refused.Message
	}
	return refused.Field + ": " + refused.Message
}
