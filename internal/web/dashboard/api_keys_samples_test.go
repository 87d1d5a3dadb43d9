package dashboard

import (
	"time"

	"usher/internal/identity"
)

func apiKeySamples() []sample {
	key := identity.SecretKey{ID: "sk_2x9KbPq7tR4mVn8sWc1yZd5eLf3", Name: "billing", CreatedAt: sampled.Add(-time.Hour)}
	old := identity.SecretKey{ID: "sk_2x9KbPq7tR4mVn8sWc1yZd5eLf4", Name: "old worker", CreatedAt: sampled.Add(-900 * time.Hour), RevokedAt: sampled.Add(-time.Hour)}
	return []sample{
		{"api_keys", apiKeysPath, apiKeysScreen([]identity.SecretKey{key, old}, sampled)},
		{"api_keys_none", apiKeysPath, apiKeysScreen(nil, sampled)},
		{"api_key_new", apiKeysPath + "/new", newAPIKeyScreen("")},
		{"api_key_created", apiKeysPath, apiKeyCreatedScreen("billing", "sk_test_c2FtcGxlIG9mIGEga2V5IHRoYXQgb3BlbnMgbm90aGluZw")},
		{"api_key_revoke", apiKeysPath + "/" + string(key.ID) + "/revoke", revokeAPIKeyScreen(key, sampled)},
	}
}
