Feature: 061 How far the user key of the device on a channel is

  Scenario Outline: A channel with a device
    Given the meter "TEST1024000000001" of "<version>"
    And channel <channel> of "TEST1024000000001" holds 9/12056731/LGB/66/3
    And attribute 14 of 72 0.<channel>.24.1.0.255 of "TEST1024000000001" is enum 4
    When GetMbusEncryptionKeyStatusByChannel is asked of "TEST1024000000001" with
      | path                                                   | value     |
      | GetMbusEncryptionKeyStatusByChannelRequestData/Channel | <channel> |
    Then the answer has
      | path                | value                 |
      | Result              | OK                    |
      | EncryptionKeyStatus | ENCRYPTION_KEY_IN_USE |

    Examples:
      | version    | channel |
      | DSMR 4.2.2 | 1       |
      | SMR 4.3    | 1       |
      | SMR 5.0.0  | 1       |
      | SMR 5.1    | 1       |
      | SMR 5.2    | 1       |
      | SMR 5.5    | 1       |
      | DSMR 4.2.2 | 2       |
      | DSMR 4.2.2 | 3       |
      | DSMR 4.2.2 | 4       |

  Scenario: A channel without a device
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And attribute 14 of 72 0.1.24.1.0.255 of "TEST1024000000001" is enum 0
    When GetMbusEncryptionKeyStatusByChannel is asked of "TEST1024000000001" with
      | path                                                   | value |
      | GetMbusEncryptionKeyStatusByChannelRequestData/Channel | 1     |
    Then the answer has
      | path                | value             |
      | Result              | OK                |
      | EncryptionKeyStatus | NO_ENCRYPTION_KEY |

  Scenario: A device on channel 1, none on channel 2
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    And attribute 14 of 72 0.1.24.1.0.255 of "TEST1024000000001" is enum 4
    When GetMbusEncryptionKeyStatusByChannel is asked of "TEST1024000000001" with
      | path                                                   | value |
      | GetMbusEncryptionKeyStatusByChannelRequestData/Channel | 1     |
    Then the answer has
      | path                | value                 |
      | Result              | OK                    |
      | EncryptionKeyStatus | ENCRYPTION_KEY_IN_USE |
    When GetMbusEncryptionKeyStatusByChannel is asked of "TEST1024000000001" with
      | path                                                   | value |
      | GetMbusEncryptionKeyStatusByChannelRequestData/Channel | 2     |
    Then the answer has
      | path                | value             |
      | Result              | OK                |
      | EncryptionKeyStatus | NO_ENCRYPTION_KEY |
