// Package shipping talks to the carrier's HTTP service and keeps labels in files.
package shipping

import (
	"context"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"foundation/config"
	"foundation/errors"
	"foundation/files"
	"foundation/httpclient"
)

// Settings say how to reach the carrier.
type Settings struct {
	Account string
	Region  string  `default:"eu"`
	Parcels int     `default:"10"`
	Margin  float64 `default:"1.5"`
	Express bool    `default:"false"`
}

// Quote is the carrier's price.
type Quote struct {
	Cents int `json:"cents"`
	Days  int `json:"days"`
}

// LoadSettings reads the settings from the environment.
func LoadSettings() (Settings, error) {
	var settings Settings
	if err := config.Load(&settings, config.WithEnvPrefix("SHIPPING")); err != nil {
		return Settings{}, err
	}
	if settings.Parcels < 1 {
		return Settings{}, &errors.ValidationError{Message: "at least one parcel"}
	}
	return settings, nil
}

// Budget is what a day's parcels may cost in a region, in cents.
func Budget(perParcel int) (int, error) {
	var settings Settings
	err := config.Load(&settings, config.WithEnvPrefix("SHIPPING"), config.WithFiles("shipping.json"))
	if err != nil {
		return 0, err
	}
	budget := float64(perParcel*settings.Parcels) * settings.Margin
	if settings.Region != "eu" {
		budget *= 2
	}
	return int(budget), nil
}

// FetchQuote asks the carrier for a price.
func FetchQuote(ctx context.Context, client *httpclient.Client, postcode string, grams int) (Quote, error) {
	if grams <= 0 {
		return Quote{}, &errors.ValidationError{Message: "weight must be positive"}
	}
	response, err := client.Get(ctx, "/quotes/"+postcode, httpclient.WithParam("grams", strconv.Itoa(grams)))
	if err != nil {
		return Quote{}, err
	}
	var quote Quote
	if err := json.Unmarshal(response.Body, &quote); err != nil {
		return Quote{}, fmt.Errorf("quote for %s: %w", postcode, err)
	}
	return quote, nil
}

// Cancel cancels a shipment. It reports false when the carrier does not know it any more.
func Cancel(ctx context.Context, client *httpclient.Client, id string) (bool, error) {
	_, err := client.Delete(ctx, "/shipments/"+id)
	var status *errors.HttpStatusError
	if stderrors.As(err, &status) && status.Status == 404 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, nil
}

// SaveLabel writes a label and keeps the previous one.
func SaveLabel(path string, address []string, copies int) (int, error) {
	var lines []string
	for i := 1; i <= copies; i++ {
		lines = append(lines, fmt.Sprintf("%02d/%02d %s", i, copies, strings.Join(address, ", ")))
	}
	text := strings.Join(lines, "\n") + "\n"
	if err := files.AtomicWrite(path, []byte(text), files.WithBackup(true)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// NextNumber counts up in a file; a file that is missing begins at 1.
func NextNumber(path string) (int, error) {
	number := 0
	data, err := os.ReadFile(path)
	if err == nil {
		number, err = strconv.Atoi(strings.TrimSpace(string(data)))
		if err != nil {
			return 0, &errors.ValidationError{Message: "not a number in " + path}
		}
	} else if !os.IsNotExist(err) {
		return 0, err
	}
	number++
	if err := files.AtomicWriteText(path, strconv.Itoa(number)); err != nil {
		return 0, err
	}
	return number, nil
}
